"""HTTP/1.1 as the engine needs it: one request at a time on a connection, bodies read straight into its buffers.

GET, and POST of a form, which is how tokens are had.

* :mod:`~lockstick.transfer.http1.head` reads the head of an answer; it does no I/O.
* :mod:`~lockstick.transfer.http1.incoming` is what comes over a connection, buffered as little as may be.
* :mod:`~lockstick.transfer.http1.body` finds the end of a body, whichever way it is framed.
* :mod:`~lockstick.transfer.http1.connecting` makes connections, racing a host's addresses.
* :mod:`~lockstick.transfer.http1.connection` is one connection.
"""
