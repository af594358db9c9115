"""The disk room: files on a disk or a medium, whatever is in them.

Every room that does I/O stands on this one, and it knows none of them.

* :mod:`~lockstick.disk.trouble` says in words what an error of the system means.
* :mod:`~lockstick.disk.durable` writes, flushes, and gives files their names.
* :mod:`~lockstick.disk.plainfile` reads what lies on a medium: no links, no more than a cap.
* :mod:`~lockstick.disk.hashing` hashes files, and bytes that pass by.
* :mod:`~lockstick.disk.lock` keeps a second run away.
* :mod:`~lockstick.disk.space` asks whether something fits.
* :mod:`~lockstick.disk.sizes` writes numbers of bytes for people.
"""
