"""A script of an analysis folder, for tests that call its functions."""

HELLO_WORLD = '''
from antelop import antelop_analysis


@antelop_analysis
class Greeting:
    """Greet an experimenter."""

    name = "greeting"
    query = "Experimenter"
    returns = {"greeting": str}
    args = {"excited": bool}

    def run(key, excited=True):
        name = (Experimenter & key).fetch1("full_name")
        return f"Hello, {name}{'!' if excited else '.'}"


@antelop_analysis
class CountExperiments:
    name = "count_experiments"
    query = "Experimenter"
    data = "Experiment"
    returns = {"count": int}

    def run(key):
        return len(Experiment & key)


@antelop_analysis
class GreetingWithCount:
    name = "greeting_with_count"
    query = "Experimenter"
    returns = {"response": str}
    calls = ["greeting", "count_experiments"]

    def run(key):
        return f"{greeting(key)['greeting']} You have run {count_experiments(key)['count']} experiments."


@antelop_analysis
class Places:
    name = "places"
    query = ["Session", "IntervalEvents"]
    returns = {"feature": str, "starts": np.ndarray}
    key = {"experimenter": "rbedford"}

    def run(key):
        name, data, timestamps = (IntervalEvents & key).fetch1("intervalevents_name", "data", "timestamps")
        return name, timestamps[data == 1]
'''
"""Much as in the documentation of analysis functions: the folder has it as ``hello_world.py``."""
