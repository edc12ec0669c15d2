"""Masks for a foraging task: trials as the task's table has them, and trials made of rewards and licks."""

import numpy as np

from antelop import antelop_analysis


@antelop_analysis
class TableTrials:
    """Trials as the rows of the file's trials table have them."""

    name = "table_trials"
    query = "World"
    data = "IntervalEvents"
    returns = {"data": np.ndarray, "timestamps": np.ndarray}
    mask = True

    def run(key):
        return (IntervalEvents & key & {"intervalevents_name": "trials"}).fetch1("data", "timestamps")


@antelop_analysis
class RewardedTrials:
    """From each reward to the last lick before the next one; a reward without a lick makes no trial."""

    name = "rewarded_trials"
    query = "World"
    data = "DigitalEvents"
    returns = {"data": np.ndarray, "timestamps": np.ndarray}
    mask = True

    def run(key):
        def times(name):
            return (DigitalEvents & key & {"digitalevents_name": name}).fetch1("timestamps")

        rewards = np.unique(np.concatenate([times("left_reward_delivery_time"), times("right_reward_delivery_time")]))
        licks = np.sort(np.concatenate([times("left_lick_time"), times("right_lick_time")]))
        # The licks of a reward are those from its own place among the licks to that of the next reward.
        first = np.searchsorted(licks, rewards, side="right")
        last = np.append(first[1:], len(licks))
        licked = first < last
        starts, stops = rewards[licked], licks[last[licked] - 1]
        return np.tile([1, -1], len(starts)), np.column_stack([starts, stops]).ravel()
