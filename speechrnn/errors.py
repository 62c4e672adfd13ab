"""The errors that speechrnn raises on purpose: one root and a child for each kind of input that can be wrong.

Every message says what was seen, what was needed and what to do. The command line catches the root once
(`speechrnn.cli.group`), prints the message after ``error:`` and exits with status 1.
"""

import errno
import os

from speechrnn.text import printable

# what the system says of a full disk, of a full share of it, and of a file that may not grow (4 GB on FAT32)
NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
# classes that say it all, where fsspec raises them with a path alone
_BY_CLASS = {
    FileNotFoundError: errno.ENOENT,
    IsADirectoryError: errno.EISDIR,
    NotADirectoryError: errno.ENOTDIR,
}


class SpeechRNNError(Exception):
    """Root of every error raised on purpose by this package."""


class AudioError(SpeechRNNError):
    """A recording that cannot be read or cannot hold a word."""


class BundleError(SpeechRNNError):
    """A model folder that is missing, damaged, newer than this version, or in the way."""


class HomeError(SpeechRNNError):
    """A user without a home folder, where one is needed."""


class ConfigError(SpeechRNNError):
    """A configuration with an unknown key, a wrong type, or a value out of range."""


class CorpusError(SpeechRNNError):
    """A folder or CSV of recordings that cannot be used as asked."""


class MissingLabelError(CorpusError):
    """Recordings of which some label would not train."""


class TrainingError(SpeechRNNError):
    """A training that cannot start, go on, or be exported."""


class MicrophoneError(SpeechRNNError):
    """A microphone that is not there, cannot be opened, or is gone."""


class BenchError(SpeechRNNError):
    """A measurement that cannot be taken."""


class OutputError(SpeechRNNError):
    """A file of answers that is in the way, or cannot be gone on with."""


class ClusterError(SpeechRNNError):
    """A Ray cluster that cannot be reached, or fails."""


class MissingExtraError(SpeechRNNError):
    """A feature that needs an optional package which is not installed.

    Parameters
    ----------
    package : str
        What could not be imported.
    extra : str
        The extra of speechrnn that brings it.
    purpose : str
        What needs it.

    Examples
    --------
    >>> print(MissingExtraError("matplotlib", "plot"))
    this needs matplotlib, which is not installed. Install it with: pip install "speechrnn[plot]"
    """

    def __init__(self, package: str, extra: str, purpose: str = "this") -> None:
        super().__init__(
            f'{purpose} needs {package}, which is not installed. Install it with: pip install "speechrnn[{extra}]"'
        )
        self.package = package
        self.extra = extra


def explain_no_space(error: OSError, advice: str) -> str:
    """Say that nothing more can be written, and what to do.

    Parameters
    ----------
    error : OSError
        With a number of `NO_SPACE`.
    advice : str
        What to do once there is space.

    Returns
    -------
    str
        As `explain_os_error` gives it.

    Examples
    --------
    >>> explain_no_space(OSError(errno.ENOSPC, "No space left on device"), "run it again")
    'no space left on the disk. Free some, then run it again.'
    """
    if error.errno == errno.EFBIG:  # of which freeing some would not help
        seen, remedy = "as large as the disk or `ulimit -f` lets a file be", "Raise the limit or take another disk"
    else:
        seen, remedy = "no space left on the disk", "Free some"
    return f"{seen}. {remedy}, then {advice}."


def explain_os_error(error: OSError) -> str:
    """Say what the system refused and what to do, without the name of the file.

    Parameters
    ----------
    error : OSError
        As it was raised.

    Returns
    -------
    str
        Two sentences in one line; the first begins in lower case, to stand after a path.

    Examples
    --------
    >>> explain_os_error(PermissionError(13, "Permission denied", "six.wav"))
    'permission denied. Check the path and its rights.'
    >>> explain_os_error(FileNotFoundError("bucket/six.wav"))
    'no such file or directory (bucket/six.wav). Check the path and its rights.'
    """
    if error.errno in NO_SPACE:
        return explain_no_space(error, "run it again")
    reason = printable(error.strerror or str(error)) or "the system gave no reason"
    if error.errno is None and type(error) in _BY_CLASS:
        reason = f"{os.strerror(_BY_CLASS[type(error)])} ({reason})"
    return f"{reason[:1].lower()}{reason[1:]}. Check the path and its rights."
