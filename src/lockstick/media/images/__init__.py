"""A lockbox in one file: squashfs, tar or a FAT disk image, written by others' programs and read by readers of our own.

Each reader is a :class:`~lockstick.disk.tree.Tree`, so the same ``verify`` judges what lies in an image as judges a
folder (docs/adr/0030).
"""
