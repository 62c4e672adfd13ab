"""A transfer over HTTP that goes on where it was interrupted; pooch asks for a downloader and brings none that does."""

import contextlib
import hashlib
import http.client
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from speechrnn.errors import CorpusError
from speechrnn.extras import require
from speechrnn.progress import OpenProgress

TIMEOUT = 30.0  # seconds without a byte
ATTEMPTS = 5
BLOCK = 1 << 16
_AGAIN = "Check the network and run it again: it goes on where it stopped"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file that lies on the network.

    Attributes
    ----------
    url : str
        http or https.
    by_hand : str
        What somebody does with it who downloads it elsewhere; ends the sentence where the network does not serve.
    sha256 : str or None
        64 hexadecimal digits; what has others is fetched again.
    """

    url: str
    by_hand: str
    sha256: str | None = None


def download(path: Path, wanted: Wanted, on_progress: OpenProgress | None = None) -> Path:
    """Let pooch bring a file, unless it is there.

    Parameters
    ----------
    path : Path
        Where it goes; complete or absent, and what an interrupted transfer brought lies beside it.
    wanted : Wanted
        What is brought.
    on_progress : callable, optional
        Called with the number of bytes that are there and the number of all, None where the server does not tell.

    Returns
    -------
    Path
        `path`.

    Raises
    ------
    MissingExtraError
        pooch is not installed.
    CorpusError
        Nobody answers, the transfer keeps breaking off, or what arrived is another file.
    OSError
        No rights, no space.
    """
    pooch = require("pooch", "data")
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    downloader = ResumingDownloader(part, on_progress, wanted.by_hand, wanted.sha256)
    try:
        with _silent(pooch.get_logger()):
            pooch.retrieve(wanted.url, wanted.sha256, path.name, path.parent, downloader=downloader)
    except ValueError as error:  # what pooch says where the hash is another
        raise CorpusError(
            f"what came from {wanted.url} is not the file that is known by that address: its SHA-256 is another. "
            "It was deleted; try again, from another network if that does not help."
        ) from error
    return path


@contextlib.contextmanager
def _silent(logger: Any) -> Iterator[None]:
    """Pooch announces each download on stderr."""
    level = logger.level
    logger.setLevel("WARNING")
    try:
        yield
    finally:
        logger.setLevel(level)


@dataclass(frozen=True, slots=True)
class ResumingDownloader:
    """A downloader for pooch which keeps what it has in a file that outlives it.

    Not written atomically, unlike every other file: half of it is what the next run goes on with.

    Attributes
    ----------
    part : Path
        Holds what has arrived so far.
    on_progress : callable or None
        Called with the number of bytes that are there and the number of all, None where the server does not tell.
    by_hand, sha256 : str, str or None
        See `Wanted`.
    """

    part: Path
    on_progress: OpenProgress | None = None
    by_hand: str = "put it there"
    sha256: str | None = None

    def __call__(self, url: str, output_file: str, _pooch: object = None) -> None:
        """Bring a file, from where an earlier call stopped if the server can.

        Parameters
        ----------
        url : str
            http or https.
        output_file : str
            Where the complete file goes.

        Raises
        ------
        CorpusError
            Nobody answers, the server refuses, or the transfer keeps breaking off; what has arrived is kept.
        OSError
            No rights, no space; what has arrived is kept.
        """
        for _ in range(ATTEMPTS):
            before = _size(self.part)
            try:
                self._transfer(url)
            except _RefusedError as error:
                raise self._give_up(url, error, "Try later") from error
            except _BrokenOffError as error:
                if _size(self.part) <= before:  # it would break off here again
                    raise self._give_up(url, error, _AGAIN) from error
                last = error
            else:
                self.part.replace(output_file)
                return
        raise self._give_up(url, last, _AGAIN) from last

    def _give_up(self, url: str, error: Exception, advice: str) -> CorpusError:
        return CorpusError(f"could not fetch {url}: {error}. {advice}. Or download it elsewhere, then {self.by_hand}.")

    def _transfer(self, url: str) -> None:
        """Take one connection as far as it goes."""
        try:
            response = _open(url, _size(self.part))
        except _NothingMoreError as error:
            if self._is_whole(error.size):
                return
            response = _open(url, 0)  # ours is not the beginning of the file there
        with contextlib.closing(response):
            start = _first_byte(response)
            length = response.headers.get("Content-Length", "")
            total = start + int(length) if length.isdecimal() else None
            done = start
            with self.part.open("r+b" if start else "wb") as file:
                if start:  # what the server sends may begin before our end
                    file.truncate(start)
                    file.seek(start)
                for block in _blocks(response):
                    file.write(block)
                    done += len(block)
                    if self.on_progress is not None:
                        self.on_progress(done, total)
        if total is not None and done < total:  # http.client says nothing when a connection closes early
            raise _BrokenOffError(f"the connection closed after {done} of {total} bytes")

    def _is_whole(self, size: int | None) -> bool:
        """Tell whether all has arrived: by its SHA-256, or without one by the size that the server tells."""
        if self.sha256 is None:
            return _size(self.part) == size
        with self.part.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == self.sha256


class _BrokenOffError(Exception):
    """A connection that could not be made or did not last; another may."""


class _RefusedError(Exception):
    """The server will not send it; another connection changes nothing."""


class _NothingMoreError(Exception):
    """The file there has no byte at the place from which on it was asked for; its size, where the server tells."""

    def __init__(self, size: int | None) -> None:
        super().__init__(size)
        self.size = size


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _open(url: str, start: int) -> Any:
    """Ask for everything from a byte on."""
    if not re.match("https?://", url, re.IGNORECASE):
        raise CorpusError(f"could not fetch {url}: needed an address that begins with https:// or http://. Correct it.")
    headers = {"User-Agent": "speechrnn"} | ({"Range": f"bytes={start}-"} if start else {})
    try:
        request = urllib.request.Request(url, headers=headers)  # noqa: S310 -- the scheme is checked above
        return urllib.request.urlopen(request, timeout=TIMEOUT)  # noqa: S310 -- likewise
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and start:
            told = re.fullmatch(r"bytes \*/(\d+)", error.headers.get("Content-Range", ""))
            raise _NothingMoreError(int(told[1]) if told else None) from error
        raise _RefusedError(f"the server answered {error.code} {error.reason}") from error
    except urllib.error.URLError as error:
        raise _BrokenOffError(f"no connection ({_reason(error.reason)})") from error
    except (OSError, http.client.HTTPException, ValueError) as error:  # ValueError: http://[
        raise _BrokenOffError(f"no answer ({_reason(error)})") from error


def _first_byte(response: Any) -> int:
    """Where in the file the answer begins: servers are free to send all of it."""
    if response.status != http.HTTPStatus.PARTIAL_CONTENT:
        return 0
    match = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
    if match is None:
        raise _BrokenOffError("the server sent a part without saying which")
    return int(match[1])


def _blocks(response: Any) -> Iterator[bytes]:
    """Read on; only this can be the network's fault, an error in writing is the disk's."""
    while True:
        try:
            block = response.read(BLOCK)
        except (OSError, http.client.HTTPException) as error:
            raise _BrokenOffError(f"the connection broke off ({_reason(error)})") from error
        if not block:
            return
        yield block


def _reason(error: object) -> str:
    return (getattr(error, "strerror", None) or str(error) or type(error).__name__).strip().rstrip(".")
