"""Find everything that is wrong or suspicious in a delivery, in one pass: `examine`.

No check changes what is stored, and no check knows from which folder a recording comes or into which table it goes.
"""
