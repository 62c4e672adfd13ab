"""The errors that speechrnn raises on purpose: one root and a child for each kind of input that can be wrong.

Every message says what was seen, what was needed and what to do. The command line catches the root once
(`speechrnn.cli.group`), prints the message after ``error:`` and exits with status 1.
"""


class SpeechRNNError(Exception):
    """Root of every error raised on purpose by this package."""


class AudioError(SpeechRNNError):
    """A recording that cannot be read or cannot hold a word."""


class BundleError(SpeechRNNError):
    """A model folder that is missing, damaged, newer than this version, or in the way."""


class ConfigError(SpeechRNNError):
    """A configuration with an unknown key, a wrong type, or a value out of range."""


class CorpusError(SpeechRNNError):
    """A folder or CSV of recordings that cannot be used as asked."""


class TrainingError(SpeechRNNError):
    """A training that cannot start, go on, or be exported."""


class MissingExtraError(SpeechRNNError):
    """A feature that needs an optional package which is not installed.

    Parameters
    ----------
    package : str
        What could not be imported.
    extra : str
        The extra of speechrnn that brings it.

    Examples
    --------
    >>> print(MissingExtraError("matplotlib", "plot"))
    this needs matplotlib, which is not installed. Install it with: pip install "speechrnn[plot]"
    """

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(
            f'this needs {package}, which is not installed. Install it with: pip install "speechrnn[{extra}]"'
        )
        self.package = package
        self.extra = extra
