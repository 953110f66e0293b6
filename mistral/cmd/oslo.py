"""Before oslo.messaging is used."""

import warnings


def prepare_oslo_messaging() -> None:
    """Keep what it brings from choosing eventlet. Safe to call twice."""
    with warnings.catch_warnings(record=True):
        # It imports eventlet, and that complains.
        import futurist  # noqa: F401, PLC0415
    # oslo.service otherwise takes eventlet for itself.
    from oslo_service.backend import BackendType, init_backend  # noqa: PLC0415

    init_backend(BackendType.THREADING)
