"""How sessions of the licking task are split into trials.

The tables are there without an import, as are np and antelop_analysis.
"""


@antelop_analysis
class LedToReward:
    """From the moment the LED comes on to the reward."""

    name = "led_to_reward"
    query = "World"
    data = ["IntervalEvents", "DigitalEvents"]
    returns = {"data": np.ndarray, "timestamps": np.ndarray}
    mask = True

    def run(key):
        data, timestamps = (IntervalEvents & key & {"intervalevents_name": "led"}).fetch1("data", "timestamps")
        rewards = (DigitalEvents & key & {"digitalevents_name": "reward"}).fetch1("timestamps")
        starts = timestamps[data == 1]
        starts = starts[starts <= rewards.max(initial=-np.inf)]  # the last trial may have been broken off
        stops = rewards[np.searchsorted(rewards, starts)]
        return np.tile([1, -1], len(starts)), np.column_stack([starts, stops]).ravel()


@antelop_analysis
class LickBouts:
    """Runs of licks with less than `pause` seconds from one to the next."""

    name = "lick_bouts"
    query = "World"
    data = ["DigitalEvents"]
    returns = {"data": np.ndarray, "timestamps": np.ndarray}
    args = {"pause": float}
    mask = True

    def run(key, pause=0.5):
        licks = (DigitalEvents & key & {"digitalevents_name": "lick"}).fetch1("timestamps")
        first = np.diff(licks, prepend=-np.inf) >= pause
        last = np.diff(licks, append=np.inf) >= pause
        bouts = np.column_stack([licks[first], licks[last]])
        return np.tile([1, -1], len(bouts)), bouts.ravel()
