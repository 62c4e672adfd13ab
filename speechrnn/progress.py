"""What long work calls to tell how far it is."""

from collections.abc import Callable

# what is done, and what there is to do in all
Progress = Callable[[int, int], None]
# likewise, where nobody may know how much there is to do
OpenProgress = Callable[[int, int | None], None]
