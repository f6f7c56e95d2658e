"""The recipe of the built-in pair; see README.md. Not part of the wheel; needs the extra ``train``."""
