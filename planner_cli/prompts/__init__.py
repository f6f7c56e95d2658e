"""Prompts: text in, text out, each with the parser of its reply. A model's catalogue entry names its family."""
