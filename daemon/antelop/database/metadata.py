"""Tables of metadata: experimenters and their experiments, animals and sessions."""

import datajoint as dj


class Experimenter(dj.Manual):
    """A member of the lab; on a database server, ``experimenter`` is also the name of their database user."""

    definition = """
    experimenter : varchar(40)
    ---
    full_name : varchar(40)
    group = "" : varchar(40)
    institution = "" : varchar(40)
    admin = 'False' : enum('False', 'True')
    """


class Experiment(dj.Manual):
    """One experiment of an experimenter."""

    definition = """
    -> Experimenter
    experiment_id : int16
    ---
    experiment_name : varchar(40)
    experiment_notes = "" : varchar(1000)
    unique index (experimenter, experiment_name)
    """


class Animal(dj.Manual):
    """An animal of an experiment."""

    definition = """
    -> Experiment
    animal_id : int32
    ---
    animal_name : varchar(40)
    species = "" : varchar(40)
    sex = 'U' : enum('M', 'F', 'U', 'O')
    age = "" : varchar(20)            # ISO 8601 duration, as in NWB
    age_reference = "" : varchar(20)  # birth or gestational, as in NWB
    genotype = "" : varchar(100)
    weight = "" : varchar(20)
    animal_notes = "" : varchar(1000)
    unique index (experimenter, experiment_id, animal_name)
    """


class Session(dj.Manual):
    """A recording session of an experiment."""

    definition = """
    -> Experiment
    session_id : int32
    ---
    session_name : varchar(100)
    session_timestamp = null : datetime
    session_duration = null : float64  # seconds
    session_notes = "" : varchar(1000)
    unique index (experimenter, experiment_id, session_name)
    """


TABLES = (Experimenter, Experiment, Animal, Session)
