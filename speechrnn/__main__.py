"""``python -m speechrnn`` is ``speechrnn``."""

from speechrnn.cli import main

if __name__ == "__main__":
    main()
