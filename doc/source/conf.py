"""How Sphinx builds the documentation: `tox -e docs`, or `sphinx-build -W doc/source doc/build`."""

from importlib.metadata import version as installed_version

project = 'Mistral'
author = 'Mistral developers'
version = release = installed_version('mistral')

extensions = ['oslo_config.sphinxext']
root_doc = 'index'
html_theme = 'alabaster'
html_theme_options = {'description': 'Distributed workflow service', 'page_width': '1000px'}
highlight_language = 'yaml'
nitpicky = True
