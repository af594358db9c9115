"""Records: the receipt that a write leaves on the stick, and this machine's register of sticks.

* :mod:`~lockstick.media.records.receipt` is what a receipt says, and its JSON.
* :mod:`~lockstick.media.records.reading` reads JSON that anybody may have written.
* :mod:`~lockstick.media.records.making` makes a receipt out of a verification and a write.
* :mod:`~lockstick.media.records.documents` gives one digest of all signed documents of a lockbox.
* :mod:`~lockstick.media.records.signing` is the user's key for receipts.
* :mod:`~lockstick.media.records.onstick` puts a receipt on a stick, and reads it from there.
* :mod:`~lockstick.media.records.judging` says what a receipt on a stick is worth.
* :mod:`~lockstick.media.records.identity` tells sticks apart.
* :mod:`~lockstick.media.records.database` and :mod:`~lockstick.media.records.register` keep the register.
* :mod:`~lockstick.media.records.standing` says what is to be known of each stick now.
* :mod:`~lockstick.media.records.keeping` does all that follows a write.
"""
