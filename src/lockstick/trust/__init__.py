"""When a document may be believed. Bytes and a time go in; typed state and findings come out. No I/O, no clock."""
