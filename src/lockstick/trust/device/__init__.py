"""What a given device would say to a lockbox: the public device client, played rule by rule.

Nothing here says whether a lockbox is genuine; :mod:`lockstick.trust.judge` does. The client is more lenient in
places and stricter in others, and it remembers. No I/O: the medium and the payloads are protocols
(:mod:`~lockstick.trust.device.media`), the time is an argument, and the memory is handed in
(:mod:`~lockstick.trust.device.memory`).
"""
