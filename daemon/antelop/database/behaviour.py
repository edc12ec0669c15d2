"""Tables of rigs, and of what they recorded.

A `World` is a session that was recorded with a rig, a `Self` is an animal in it, and an `Object` is a feature of the rig in
that session. Events and kinematics are the data of an object. Every ``data`` and ``timestamps`` is an array (``<signal>``).
"""

import datajoint as dj


class BehaviourRig(dj.Manual):
    """A behaviour rig, with its JSON description."""

    definition = """
    -> Experimenter
    behaviourrig_id : int16
    ---
    behaviourrig_name : varchar(100)
    rig_json : json
    unique index (experimenter, behaviourrig_name)
    """


class MaskFunction(dj.Manual):
    """A function that splits the rig's sessions into trials. The source stored here is a record; it is never executed."""

    definition = """
    -> BehaviourRig
    mask_id : int16
    ---
    mask_name : varchar(100)
    maskfunction_name : varchar(255)  # script.function, in the analysis folder
    maskfunction_description = "" : varchar(1000)
    mask_function : <blob>            # its source when it was stored: text
    function_sha256 : char(64)        # over its script and the functions that it calls
    unique index (experimenter, behaviourrig_id, mask_name)
    """


class Feature(dj.Manual):
    """A feature of a rig: one row for each entry in its JSON."""

    definition = """
    -> BehaviourRig
    feature_id : int32
    ---
    feature_name : varchar(100)
    source_type : enum('acquisition', 'stimulus', 'processing', 'deeplabcut', 'intervals', 'events')
    data_type : enum('analog', 'digital', 'interval', 'kinematics')
    feature_description = "" : varchar(1000)
    feature_data = null : <file>      # an attached file, such as the stimulus that it shows
    unique index (experimenter, behaviourrig_id, feature_name)
    """


class World(dj.Manual):
    """A session that was recorded with a rig."""

    definition = """
    -> Session
    ---
    -> BehaviourRig
    dlc_training = 'False' : enum('False', 'True')  # whether its videos may train a DeepLabCut model
    """


class Self(dj.Manual):
    """An animal that took part in a session."""

    definition = """
    -> World
    -> Animal
    """


class Video(dj.Manual):
    """One video file of a camera; the ids follow the order in which the files were recorded.

    Where the recording does not tell with which frame each file begins, `starting_frame` is null, and `timestamps` are those of
    all files of the camera.
    """

    definition = """
    -> World
    video_id : int16
    ---
    video_name : varchar(100)
    video : <file>
    timestamps = null : <signal>      # seconds, one a frame; null if there are none
    starting_frame = null : int64     # index of its first frame, counted over all files of the camera; null if not known
    """


class Object(dj.Manual):
    """A feature of the rig in a session; it belongs to the world, to an animal, or to an animal not yet known (no Self)."""

    definition = """
    -> World
    -> Feature
    ---
    object_name : varchar(100)
    object_type : enum('World', 'Self')
    -> [nullable] Self
    """


class AnalogEvents(dj.Manual):
    """A sampled signal: (n,) or (n, channels)."""

    definition = """
    -> Object
    ---
    -> [nullable] Self
    analogevents_name : varchar(100)
    data : <signal>
    timestamps : <signal>             # seconds
    unit = "" : varchar(100)
    x_coordinate = null : float64
    y_coordinate = null : float64
    z_coordinate = null : float64
    labels = null : json              # what the numbers in data stand for, by number; null if they are only numbers
    """


class DigitalEvents(dj.Manual):
    """Values at discrete times: (n,)."""

    definition = """
    -> Object
    ---
    -> [nullable] Self
    digitalevents_name : varchar(100)
    data : <signal>
    timestamps : <signal>             # seconds
    unit = "" : varchar(100)
    x_coordinate = null : float64
    y_coordinate = null : float64
    z_coordinate = null : float64
    labels = null : json              # what the numbers in data stand for, by number; null if they are only numbers
    """


class IntervalEvents(dj.Manual):
    """Starts (1) and stops (-1): int8 (n,)."""

    definition = """
    -> Object
    ---
    -> [nullable] Self
    intervalevents_name : varchar(100)
    data : <signal>
    timestamps : <signal>             # seconds
    x_coordinate = null : float64
    y_coordinate = null : float64
    z_coordinate = null : float64
    """


class Kinematics(dj.Manual):
    """Tracked positions: float64 (n, 3) x, y, certainty or (n, 4) x, y, z, certainty."""

    definition = """
    -> Object
    ---
    -> [nullable] Self
    -> [nullable] Video
    kinematics_name : varchar(100)
    data : <signal>
    timestamps : <signal>             # seconds
    """


class Mask(dj.Manual):
    """The trials of a session: 1 at each start and -1 at each stop, int8 (n,)."""

    definition = """
    -> World
    -> MaskFunction
    ---
    mask_name : varchar(100)
    data : <signal>
    timestamps : <signal>             # seconds
    function_sha256 : char(64)        # the version of the function that made it
    """


TABLES = (
    BehaviourRig,
    MaskFunction,
    Feature,
    World,
    Self,
    Video,
    Object,
    AnalogEvents,
    DigitalEvents,
    IntervalEvents,
    Kinematics,
    Mask,
)
