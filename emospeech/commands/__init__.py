"""The subcommands of `python -m emospeech`, one module each.

Each module has `add_parser`, which adds its arguments to the command line. The library is imported
where it is used, because torch takes seconds to import.
"""
