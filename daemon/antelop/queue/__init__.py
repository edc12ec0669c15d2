"""The durable queue of deliveries, and the ledger of what became of each.

Nothing here reads a recording or a drop folder; it only enters, claims and finishes.
"""
