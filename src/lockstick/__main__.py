"""``python -m lockstick``."""

from lockstick.cli import main

if __name__ == "__main__":
    main()
