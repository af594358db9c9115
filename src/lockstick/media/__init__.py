"""The media room: drives, what a stick must be like, writing to it, reading it back, images in one file, records.

It knows files, file systems and drives. What makes a lockbox genuine it asks the lockbox room; it knows no signed
documents and no network.
"""
