"""Prompts: text in, text out, each beside the parser of its reply. A model's catalogue entry names its family."""
