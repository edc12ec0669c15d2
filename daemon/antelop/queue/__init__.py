"""The durable queue of deliveries, and the ledger of their attempts and outcomes.

No module of this package reads a recording or a drop folder: they only change the tables of the queue and the ledger.
"""
