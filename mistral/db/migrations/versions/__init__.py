"""One file for each revision: NNN_<title>.py."""
