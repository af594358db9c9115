"""Writing a lockbox to sticks: only a genuine one, only what differs, and visible only when all of it is proven.

* :mod:`~lockstick.media.writing.planning` says what is kept, what is written and what goes; it touches nothing.
* :mod:`~lockstick.media.writing.medium` holds a mounted medium, and notices when it is gone.
* :mod:`~lockstick.media.writing.workplace` is the hidden folder on it, and the steps that make a lockbox visible.
* :mod:`~lockstick.media.writing.journal` remembers what was being written.
* :mod:`~lockstick.media.writing.filling` writes one file, flushed as it goes, or goes on with it.
* :mod:`~lockstick.media.writing.supply` reads the source once for any number of sticks.
* :mod:`~lockstick.media.writing.onestick` brings one stick from what it is to a proven lockbox.
* :mod:`~lockstick.media.writing.write` does that for several at once.
"""
