"""Exit statuses of the command line, beside 0 for done and typer's 2 for wrong usage."""

# an error, or some inputs failed
FAILED = 1
# Ctrl-C: 128 and the number of the signal
INTERRUPTED = 130
