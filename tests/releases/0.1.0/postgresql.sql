CREATE SCHEMA antelop_ingest_behaviour;
CREATE SCHEMA antelop_ingest_ingest;
CREATE SCHEMA antelop_ingest_metadata;
CREATE TYPE antelop_ingest_behaviour.enum_16f55aa2 AS ENUM (
    'analog',
    'digital',
    'interval',
    'kinematics'
);
CREATE TYPE antelop_ingest_behaviour.enum_1e5f4343 AS ENUM (
    'World',
    'Self'
);
CREATE TYPE antelop_ingest_behaviour.enum_3f01d3a2 AS ENUM (
    'acquisition',
    'stimulus',
    'processing',
    'deeplabcut',
    'intervals'
);
CREATE TYPE antelop_ingest_behaviour.enum_5626d2f2 AS ENUM (
    'False',
    'True'
);
CREATE TYPE antelop_ingest_ingest.enum_609a743e AS ENUM (
    'pending',
    'reserved',
    'success',
    'error',
    'ignore'
);
CREATE TYPE antelop_ingest_ingest.enum_e33c6120 AS ENUM (
    'ingested',
    'already-ingested',
    'rejected',
    'failed',
    'unavailable'
);
CREATE TYPE antelop_ingest_ingest.enum_f8292317 AS ENUM (
    'ready',
    'waiting',
    'ingested',
    'already-ingested',
    'rejected',
    'failed',
    'superseded'
);
CREATE TYPE antelop_ingest_metadata.enum_5626d2f2 AS ENUM (
    'False',
    'True'
);
CREATE TYPE antelop_ingest_metadata.enum_d6f36155 AS ENUM (
    'M',
    'F',
    'U',
    'O'
);
CREATE TABLE antelop_ingest_behaviour.analog_events (
    experimenter character varying(40) NOT NULL,
    experiment_id smallint NOT NULL,
    session_id integer NOT NULL,
    behaviourrig_id smallint NOT NULL,
    feature_id integer NOT NULL,
    animal_id integer,
    analogevents_name character varying(100) NOT NULL,
    data jsonb NOT NULL,
    timestamps jsonb NOT NULL,
    unit character varying(100) DEFAULT ''::character varying NOT NULL,
    x_coordinate double precision,
    y_coordinate double precision,
    z_coordinate double precision
);
COMMENT ON COLUMN antelop_ingest_behaviour.analog_events.analogevents_name IS ':varchar(100):';
COMMENT ON COLUMN antelop_ingest_behaviour.analog_events.data IS ':<signal>:';
COMMENT ON COLUMN antelop_ingest_behaviour.analog_events.timestamps IS ':<signal>:seconds';
COMMENT ON COLUMN antelop_ingest_behaviour.analog_events.unit IS ':varchar(100):';
COMMENT ON COLUMN antelop_ingest_behaviour.analog_events.x_coordinate IS ':float64:';
COMMENT ON COLUMN antelop_ingest_behaviour.analog_events.y_coordinate IS ':float64:';
COMMENT ON COLUMN antelop_ingest_behaviour.analog_events.z_coordinate IS ':float64:';
CREATE TABLE antelop_ingest_behaviour.behaviour_rig (
    experimenter character varying(40) NOT NULL,
    behaviourrig_id smallint NOT NULL,
    behaviourrig_name character varying(100) NOT NULL,
    rig_json jsonb NOT NULL
);
COMMENT ON COLUMN antelop_ingest_behaviour.behaviour_rig.behaviourrig_id IS ':int16:';
COMMENT ON COLUMN antelop_ingest_behaviour.behaviour_rig.behaviourrig_name IS ':varchar(100):';
COMMENT ON COLUMN antelop_ingest_behaviour.behaviour_rig.rig_json IS ':json:';
CREATE TABLE antelop_ingest_behaviour.digital_events (
    experimenter character varying(40) NOT NULL,
    experiment_id smallint NOT NULL,
    session_id integer NOT NULL,
    behaviourrig_id smallint NOT NULL,
    feature_id integer NOT NULL,
    animal_id integer,
    digitalevents_name character varying(100) NOT NULL,
    data jsonb NOT NULL,
    timestamps jsonb NOT NULL,
    unit character varying(100) DEFAULT ''::character varying NOT NULL,
    x_coordinate double precision,
    y_coordinate double precision,
    z_coordinate double precision
);
COMMENT ON COLUMN antelop_ingest_behaviour.digital_events.digitalevents_name IS ':varchar(100):';
COMMENT ON COLUMN antelop_ingest_behaviour.digital_events.data IS ':<signal>:';
COMMENT ON COLUMN antelop_ingest_behaviour.digital_events.timestamps IS ':<signal>:seconds';
COMMENT ON COLUMN antelop_ingest_behaviour.digital_events.unit IS ':varchar(100):';
COMMENT ON COLUMN antelop_ingest_behaviour.digital_events.x_coordinate IS ':float64:';
COMMENT ON COLUMN antelop_ingest_behaviour.digital_events.y_coordinate IS ':float64:';
COMMENT ON COLUMN antelop_ingest_behaviour.digital_events.z_coordinate IS ':float64:';
CREATE TABLE antelop_ingest_behaviour.feature (
    experimenter character varying(40) NOT NULL,
    behaviourrig_id smallint NOT NULL,
    feature_id integer NOT NULL,
    feature_name character varying(100) NOT NULL,
    source_type antelop_ingest_behaviour.enum_3f01d3a2 NOT NULL,
    data_type antelop_ingest_behaviour.enum_16f55aa2 NOT NULL,
    feature_description character varying(1000) DEFAULT ''::character varying NOT NULL,
    feature_data jsonb
);
COMMENT ON COLUMN antelop_ingest_behaviour.feature.feature_id IS ':int32:';
COMMENT ON COLUMN antelop_ingest_behaviour.feature.feature_name IS ':varchar(100):';
COMMENT ON COLUMN antelop_ingest_behaviour.feature.source_type IS ':enum(''acquisition'', ''stimulus'', ''processing'', ''deeplabcut'', ''intervals''):';
COMMENT ON COLUMN antelop_ingest_behaviour.feature.data_type IS ':enum(''analog'', ''digital'', ''interval'', ''kinematics''):';
COMMENT ON COLUMN antelop_ingest_behaviour.feature.feature_description IS ':varchar(1000):';
COMMENT ON COLUMN antelop_ingest_behaviour.feature.feature_data IS ':<file>:an attached file, such as the stimulus that it shows';
CREATE TABLE antelop_ingest_behaviour.interval_events (
    experimenter character varying(40) NOT NULL,
    experiment_id smallint NOT NULL,
    session_id integer NOT NULL,
    behaviourrig_id smallint NOT NULL,
    feature_id integer NOT NULL,
    animal_id integer,
    intervalevents_name character varying(100) NOT NULL,
    data jsonb NOT NULL,
    timestamps jsonb NOT NULL,
    x_coordinate double precision,
    y_coordinate double precision,
    z_coordinate double precision
);
COMMENT ON COLUMN antelop_ingest_behaviour.interval_events.intervalevents_name IS ':varchar(100):';
COMMENT ON COLUMN antelop_ingest_behaviour.interval_events.data IS ':<signal>:';
COMMENT ON COLUMN antelop_ingest_behaviour.interval_events.timestamps IS ':<signal>:seconds';
COMMENT ON COLUMN antelop_ingest_behaviour.interval_events.x_coordinate IS ':float64:';
COMMENT ON COLUMN antelop_ingest_behaviour.interval_events.y_coordinate IS ':float64:';
COMMENT ON COLUMN antelop_ingest_behaviour.interval_events.z_coordinate IS ':float64:';
CREATE TABLE antelop_ingest_behaviour.kinematics (
    experimenter character varying(40) NOT NULL,
    experiment_id smallint NOT NULL,
    session_id integer NOT NULL,
    behaviourrig_id smallint NOT NULL,
    feature_id integer NOT NULL,
    animal_id integer,
    video_id smallint,
    kinematics_name character varying(100) NOT NULL,
    data jsonb NOT NULL,
    timestamps jsonb NOT NULL
);
COMMENT ON COLUMN antelop_ingest_behaviour.kinematics.kinematics_name IS ':varchar(100):';
COMMENT ON COLUMN antelop_ingest_behaviour.kinematics.data IS ':<signal>:';
COMMENT ON COLUMN antelop_ingest_behaviour.kinematics.timestamps IS ':<signal>:seconds';
CREATE TABLE antelop_ingest_behaviour.mask (
    experimenter character varying(40) NOT NULL,
    experiment_id smallint NOT NULL,
    session_id integer NOT NULL,
    behaviourrig_id smallint NOT NULL,
    mask_id smallint NOT NULL,
    mask_name character varying(100) NOT NULL,
    data jsonb NOT NULL,
    timestamps jsonb NOT NULL,
    function_sha256 character(64) NOT NULL
);
COMMENT ON COLUMN antelop_ingest_behaviour.mask.mask_name IS ':varchar(100):';
COMMENT ON COLUMN antelop_ingest_behaviour.mask.data IS ':<signal>:';
COMMENT ON COLUMN antelop_ingest_behaviour.mask.timestamps IS ':<signal>:seconds';
COMMENT ON COLUMN antelop_ingest_behaviour.mask.function_sha256 IS ':char(64):the version of the function that made it';
CREATE TABLE antelop_ingest_behaviour.mask_function (
    experimenter character varying(40) NOT NULL,
    behaviourrig_id smallint NOT NULL,
    mask_id smallint NOT NULL,
    mask_name character varying(100) NOT NULL,
    maskfunction_name character varying(255) NOT NULL,
    maskfunction_description character varying(1000) DEFAULT ''::character varying NOT NULL,
    mask_function bytea NOT NULL,
    function_sha256 character(64) NOT NULL
);
COMMENT ON COLUMN antelop_ingest_behaviour.mask_function.mask_id IS ':int16:';
COMMENT ON COLUMN antelop_ingest_behaviour.mask_function.mask_name IS ':varchar(100):';
COMMENT ON COLUMN antelop_ingest_behaviour.mask_function.maskfunction_name IS ':varchar(255):script.function, in the analysis folder';
COMMENT ON COLUMN antelop_ingest_behaviour.mask_function.maskfunction_description IS ':varchar(1000):';
COMMENT ON COLUMN antelop_ingest_behaviour.mask_function.mask_function IS ':<blob>:its source when it was stored: text';
COMMENT ON COLUMN antelop_ingest_behaviour.mask_function.function_sha256 IS ':char(64):over its script and the functions that it calls';
CREATE TABLE antelop_ingest_behaviour.object (
    experimenter character varying(40) NOT NULL,
    experiment_id smallint NOT NULL,
    session_id integer NOT NULL,
    behaviourrig_id smallint NOT NULL,
    feature_id integer NOT NULL,
    object_name character varying(100) NOT NULL,
    object_type antelop_ingest_behaviour.enum_1e5f4343 NOT NULL,
    animal_id integer
);
COMMENT ON COLUMN antelop_ingest_behaviour.object.object_name IS ':varchar(100):';
COMMENT ON COLUMN antelop_ingest_behaviour.object.object_type IS ':enum(''World'', ''Self''):';
CREATE TABLE antelop_ingest_behaviour.self (
    experimenter character varying(40) NOT NULL,
    experiment_id smallint NOT NULL,
    session_id integer NOT NULL,
    animal_id integer NOT NULL
);
CREATE TABLE antelop_ingest_behaviour.video (
    experimenter character varying(40) NOT NULL,
    experiment_id smallint NOT NULL,
    session_id integer NOT NULL,
    video_id smallint NOT NULL,
    video_name character varying(100) NOT NULL,
    video jsonb NOT NULL,
    timestamps jsonb
);
COMMENT ON COLUMN antelop_ingest_behaviour.video.video_id IS ':int16:';
COMMENT ON COLUMN antelop_ingest_behaviour.video.video_name IS ':varchar(100):';
COMMENT ON COLUMN antelop_ingest_behaviour.video.video IS ':<file>:';
COMMENT ON COLUMN antelop_ingest_behaviour.video.timestamps IS ':<signal>:seconds, one a frame, over all files of the camera; null if there are none';
CREATE TABLE antelop_ingest_behaviour.world (
    experimenter character varying(40) NOT NULL,
    experiment_id smallint NOT NULL,
    session_id integer NOT NULL,
    behaviourrig_id smallint NOT NULL,
    dlc_training antelop_ingest_behaviour.enum_5626d2f2 DEFAULT 'False'::antelop_ingest_behaviour.enum_5626d2f2 NOT NULL
);
COMMENT ON COLUMN antelop_ingest_behaviour.world.dlc_training IS ':enum(''False'', ''True''):whether its videos may train a DeepLabCut model';
CREATE TABLE antelop_ingest_behaviour."~lineage" (
    table_name character varying(64) NOT NULL,
    attribute_name character varying(64) NOT NULL,
    lineage character varying(255) NOT NULL
);
CREATE TABLE antelop_ingest_ingest._ingestion (
    delivery_id character(32) NOT NULL,
    experimenter character varying(40) NOT NULL,
    experiment_id smallint NOT NULL,
    session_id integer NOT NULL,
    fingerprint character(64) NOT NULL,
    nwb_identifier character varying(255) NOT NULL,
    nwb_object_id character varying(64) NOT NULL,
    nwb_sha256 character(64) DEFAULT NULL::bpchar,
    rows_inserted jsonb NOT NULL,
    trials jsonb NOT NULL,
    bytes bigint NOT NULL,
    seconds double precision NOT NULL,
    software character varying(40) NOT NULL,
    warnings jsonb NOT NULL,
    ingested timestamp(6) without time zone NOT NULL
);
COMMENT ON COLUMN antelop_ingest_ingest._ingestion.fingerprint IS ':char(64):equal for two files that hold the same recording';
COMMENT ON COLUMN antelop_ingest_ingest._ingestion.nwb_identifier IS ':varchar(255):';
COMMENT ON COLUMN antelop_ingest_ingest._ingestion.nwb_object_id IS ':varchar(64):';
COMMENT ON COLUMN antelop_ingest_ingest._ingestion.nwb_sha256 IS ':char(64):';
COMMENT ON COLUMN antelop_ingest_ingest._ingestion.rows_inserted IS ':json:by table';
COMMENT ON COLUMN antelop_ingest_ingest._ingestion.trials IS ':json:by mask';
COMMENT ON COLUMN antelop_ingest_ingest._ingestion.bytes IS ':int64:of the arrays and files that the rows refer to';
COMMENT ON COLUMN antelop_ingest_ingest._ingestion.seconds IS ':float64:';
COMMENT ON COLUMN antelop_ingest_ingest._ingestion.software IS ':varchar(40):';
COMMENT ON COLUMN antelop_ingest_ingest._ingestion.warnings IS ':json:';
COMMENT ON COLUMN antelop_ingest_ingest._ingestion.ingested IS ':datetime(6):UTC';
CREATE TABLE antelop_ingest_ingest.attempt (
    delivery_id character(32) NOT NULL,
    attempt_id integer NOT NULL,
    outcome antelop_ingest_ingest.enum_e33c6120 NOT NULL,
    sentence character varying(2000) NOT NULL,
    problems jsonb NOT NULL,
    decided_by character varying(64) NOT NULL,
    traceback character varying(8000) DEFAULT NULL::character varying,
    attempted timestamp(6) without time zone NOT NULL,
    seconds double precision NOT NULL
);
COMMENT ON COLUMN antelop_ingest_ingest.attempt.attempt_id IS ':int32:';
COMMENT ON COLUMN antelop_ingest_ingest.attempt.outcome IS ':enum(''ingested'', ''already-ingested'', ''rejected'', ''failed'', ''unavailable''):';
COMMENT ON COLUMN antelop_ingest_ingest.attempt.sentence IS ':varchar(2000):';
COMMENT ON COLUMN antelop_ingest_ingest.attempt.problems IS ':json:';
COMMENT ON COLUMN antelop_ingest_ingest.attempt.decided_by IS ':varchar(64):hash of the rig, mask, session and animal rows, check settings and software version';
COMMENT ON COLUMN antelop_ingest_ingest.attempt.traceback IS ':varchar(8000):';
COMMENT ON COLUMN antelop_ingest_ingest.attempt.attempted IS ':datetime(6):UTC';
COMMENT ON COLUMN antelop_ingest_ingest.attempt.seconds IS ':float64:';
CREATE TABLE antelop_ingest_ingest.delivery (
    delivery_id character(32) NOT NULL,
    folder character varying(100) NOT NULL,
    manifest_path character varying(500) DEFAULT ''::character varying NOT NULL,
    manifest_size bigint DEFAULT '0'::bigint NOT NULL,
    manifest_mtime bigint DEFAULT '0'::bigint NOT NULL,
    nwb_path character varying(500) NOT NULL,
    nwb_size bigint NOT NULL,
    nwb_mtime bigint NOT NULL,
    manifest jsonb NOT NULL,
    videos jsonb,
    state antelop_ingest_ingest.enum_f8292317 NOT NULL,
    received timestamp(6) without time zone NOT NULL,
    readied timestamp(6) without time zone NOT NULL,
    finished timestamp(6) without time zone DEFAULT NULL::timestamp without time zone
);
COMMENT ON COLUMN antelop_ingest_ingest.delivery.delivery_id IS ':char(32):hash of folder, paths, sizes, mtimes and the manifest';
COMMENT ON COLUMN antelop_ingest_ingest.delivery.folder IS ':varchar(100):a drop folder''s name; empty for a script';
COMMENT ON COLUMN antelop_ingest_ingest.delivery.manifest_path IS ':varchar(500):relative to the folder';
COMMENT ON COLUMN antelop_ingest_ingest.delivery.manifest_size IS ':int64:';
COMMENT ON COLUMN antelop_ingest_ingest.delivery.manifest_mtime IS ':int64:nanoseconds';
COMMENT ON COLUMN antelop_ingest_ingest.delivery.nwb_path IS ':varchar(500):relative to the folder; absolute for a script';
COMMENT ON COLUMN antelop_ingest_ingest.delivery.nwb_size IS ':int64:';
COMMENT ON COLUMN antelop_ingest_ingest.delivery.nwb_mtime IS ':int64:nanoseconds';
COMMENT ON COLUMN antelop_ingest_ingest.delivery.manifest IS ':json:';
COMMENT ON COLUMN antelop_ingest_ingest.delivery.videos IS ':json:its files beside it that have settled: path, size, mtime of each';
COMMENT ON COLUMN antelop_ingest_ingest.delivery.state IS ':enum(''ready'', ''waiting'', ''ingested'', ''already-ingested'', ''rejected'', ''failed'', ''superseded''):';
COMMENT ON COLUMN antelop_ingest_ingest.delivery.received IS ':datetime(6):when it was first seen, UTC';
COMMENT ON COLUMN antelop_ingest_ingest.delivery.readied IS ':datetime(6):when it was last put into the queue, UTC: attempts since then count';
COMMENT ON COLUMN antelop_ingest_ingest.delivery.finished IS ':datetime(6):UTC';
CREATE TABLE antelop_ingest_ingest.schema_version (
    schema_name character varying(64) NOT NULL,
    version smallint NOT NULL,
    schema_id character(32) NOT NULL
);
COMMENT ON COLUMN antelop_ingest_ingest.schema_version.schema_name IS ':varchar(64):';
COMMENT ON COLUMN antelop_ingest_ingest.schema_version.version IS ':int16:';
COMMENT ON COLUMN antelop_ingest_ingest.schema_version.schema_id IS ':char(32):drawn when it was made; the lab''s store bears that of the schema that refers to it';
CREATE TABLE antelop_ingest_ingest."~lineage" (
    table_name character varying(64) NOT NULL,
    attribute_name character varying(64) NOT NULL,
    lineage character varying(255) NOT NULL
);
CREATE TABLE antelop_ingest_ingest."~~ingestion" (
    delivery_id character(32) NOT NULL,
    status antelop_ingest_ingest.enum_609a743e NOT NULL,
    priority smallint NOT NULL,
    created_time timestamp(3) without time zone DEFAULT CURRENT_TIMESTAMP(3) NOT NULL,
    scheduled_time timestamp(3) without time zone DEFAULT CURRENT_TIMESTAMP(3) NOT NULL,
    reserved_time timestamp(3) without time zone DEFAULT NULL::timestamp without time zone,
    completed_time timestamp(3) without time zone DEFAULT NULL::timestamp without time zone,
    duration double precision,
    error_message character varying(2047) DEFAULT ''::character varying NOT NULL,
    error_stack bytea,
    "user" character varying(255) DEFAULT ''::character varying NOT NULL,
    host character varying(255) DEFAULT ''::character varying NOT NULL,
    pid integer DEFAULT 0 NOT NULL,
    connection_id bigint DEFAULT '0'::bigint NOT NULL,
    version character varying(64) DEFAULT ''::character varying NOT NULL
);
COMMENT ON TABLE antelop_ingest_ingest."~~ingestion" IS 'Job queue for "antelop_ingest_ingest"."_ingestion"';
COMMENT ON COLUMN antelop_ingest_ingest."~~ingestion".delivery_id IS ':char(32):';
COMMENT ON COLUMN antelop_ingest_ingest."~~ingestion".status IS ':enum(''pending'', ''reserved'', ''success'', ''error'', ''ignore''):';
COMMENT ON COLUMN antelop_ingest_ingest."~~ingestion".priority IS ':int8:';
COMMENT ON COLUMN antelop_ingest_ingest."~~ingestion".created_time IS ':datetime(3):';
COMMENT ON COLUMN antelop_ingest_ingest."~~ingestion".scheduled_time IS ':datetime(3):';
COMMENT ON COLUMN antelop_ingest_ingest."~~ingestion".reserved_time IS ':datetime(3):';
COMMENT ON COLUMN antelop_ingest_ingest."~~ingestion".completed_time IS ':datetime(3):';
COMMENT ON COLUMN antelop_ingest_ingest."~~ingestion".duration IS ':float64:';
COMMENT ON COLUMN antelop_ingest_ingest."~~ingestion".error_message IS ':varchar(2047):';
COMMENT ON COLUMN antelop_ingest_ingest."~~ingestion".error_stack IS ':<blob>:';
COMMENT ON COLUMN antelop_ingest_ingest."~~ingestion"."user" IS ':varchar(255):';
COMMENT ON COLUMN antelop_ingest_ingest."~~ingestion".host IS ':varchar(255):';
COMMENT ON COLUMN antelop_ingest_ingest."~~ingestion".pid IS ':int32:';
COMMENT ON COLUMN antelop_ingest_ingest."~~ingestion".connection_id IS ':int64:';
COMMENT ON COLUMN antelop_ingest_ingest."~~ingestion".version IS ':varchar(64):';
CREATE TABLE antelop_ingest_metadata.animal (
    experimenter character varying(40) NOT NULL,
    experiment_id smallint NOT NULL,
    animal_id integer NOT NULL,
    animal_name character varying(40) NOT NULL,
    species character varying(40) DEFAULT ''::character varying NOT NULL,
    sex antelop_ingest_metadata.enum_d6f36155 DEFAULT 'U'::antelop_ingest_metadata.enum_d6f36155 NOT NULL,
    age character varying(20) DEFAULT ''::character varying NOT NULL,
    age_reference character varying(20) DEFAULT ''::character varying NOT NULL,
    genotype character varying(100) DEFAULT ''::character varying NOT NULL,
    weight character varying(20) DEFAULT ''::character varying NOT NULL,
    animal_notes character varying(1000) DEFAULT ''::character varying NOT NULL
);
COMMENT ON COLUMN antelop_ingest_metadata.animal.animal_id IS ':int32:';
COMMENT ON COLUMN antelop_ingest_metadata.animal.animal_name IS ':varchar(40):';
COMMENT ON COLUMN antelop_ingest_metadata.animal.species IS ':varchar(40):';
COMMENT ON COLUMN antelop_ingest_metadata.animal.sex IS ':enum(''M'', ''F'', ''U'', ''O''):';
COMMENT ON COLUMN antelop_ingest_metadata.animal.age IS ':varchar(20):ISO 8601 duration, as in NWB';
COMMENT ON COLUMN antelop_ingest_metadata.animal.age_reference IS ':varchar(20):birth or gestational, as in NWB';
COMMENT ON COLUMN antelop_ingest_metadata.animal.genotype IS ':varchar(100):';
COMMENT ON COLUMN antelop_ingest_metadata.animal.weight IS ':varchar(20):';
COMMENT ON COLUMN antelop_ingest_metadata.animal.animal_notes IS ':varchar(1000):';
CREATE TABLE antelop_ingest_metadata.experiment (
    experimenter character varying(40) NOT NULL,
    experiment_id smallint NOT NULL,
    experiment_name character varying(40) NOT NULL,
    experiment_notes character varying(1000) DEFAULT ''::character varying NOT NULL
);
COMMENT ON COLUMN antelop_ingest_metadata.experiment.experiment_id IS ':int16:';
COMMENT ON COLUMN antelop_ingest_metadata.experiment.experiment_name IS ':varchar(40):';
COMMENT ON COLUMN antelop_ingest_metadata.experiment.experiment_notes IS ':varchar(1000):';
CREATE TABLE antelop_ingest_metadata.experimenter (
    experimenter character varying(40) NOT NULL,
    full_name character varying(40) NOT NULL,
    "group" character varying(40) DEFAULT ''::character varying NOT NULL,
    institution character varying(40) DEFAULT ''::character varying NOT NULL,
    admin antelop_ingest_metadata.enum_5626d2f2 DEFAULT 'False'::antelop_ingest_metadata.enum_5626d2f2 NOT NULL
);
COMMENT ON COLUMN antelop_ingest_metadata.experimenter.experimenter IS ':varchar(40):';
COMMENT ON COLUMN antelop_ingest_metadata.experimenter.full_name IS ':varchar(40):';
COMMENT ON COLUMN antelop_ingest_metadata.experimenter."group" IS ':varchar(40):';
COMMENT ON COLUMN antelop_ingest_metadata.experimenter.institution IS ':varchar(40):';
COMMENT ON COLUMN antelop_ingest_metadata.experimenter.admin IS ':enum(''False'', ''True''):';
CREATE TABLE antelop_ingest_metadata.session (
    experimenter character varying(40) NOT NULL,
    experiment_id smallint NOT NULL,
    session_id integer NOT NULL,
    session_name character varying(100) NOT NULL,
    session_timestamp timestamp without time zone,
    session_duration double precision,
    session_notes character varying(1000) DEFAULT ''::character varying NOT NULL
);
COMMENT ON COLUMN antelop_ingest_metadata.session.session_id IS ':int32:';
COMMENT ON COLUMN antelop_ingest_metadata.session.session_name IS ':varchar(100):';
COMMENT ON COLUMN antelop_ingest_metadata.session.session_timestamp IS ':datetime:';
COMMENT ON COLUMN antelop_ingest_metadata.session.session_duration IS ':float64:seconds';
COMMENT ON COLUMN antelop_ingest_metadata.session.session_notes IS ':varchar(1000):';
CREATE TABLE antelop_ingest_metadata."~lineage" (
    table_name character varying(64) NOT NULL,
    attribute_name character varying(64) NOT NULL,
    lineage character varying(255) NOT NULL
);
INSERT INTO antelop_ingest_behaviour.analog_events (experimenter, experiment_id, session_id, behaviourrig_id, feature_id, animal_id, analogevents_name, data, timestamps, unit, x_coordinate, y_coordinate, z_coordinate) VALUES ('lab', 1, 41, 1, 5, 17, 'force', '{"kind": "scaled", "offset": 1.0, "samples": {"kind": "npy", "path": "objects/39/b5/39b546cafead67f2fa2cba13570d30ae7dcf380b30e3ea910279a70ef8f4f01e.npy", "size": 12128, "dtype": "<i2", "shape": [6000]}, "conversion": 0.0005}', '{"kind": "clock", "rate": 100.0, "count": 6000, "start": 0.25}', 'N', NULL, NULL, NULL);
INSERT INTO antelop_ingest_behaviour.behaviour_rig (experimenter, behaviourrig_id, behaviourrig_name, rig_json) VALUES ('lab', 1, 'licking rig', '{"videos": [{"name": "camera", "format": "avi", "description": "the arena from above", "reference_point": "top left"}], "version": "0.0.1", "features": [{"name": "led", "source": {"source_type": "acquisition"}, "data_type": "interval", "ownership": {"ownership": "world"}, "coordinates": [100, 50, 0], "description": "the LED above the port; it announces a trial"}, {"name": "port", "source": {"source_type": "acquisition"}, "data_type": "interval", "ownership": {"ownership": "world"}, "coordinates": [200, 50, 0], "description": "the port, while it is open"}, {"name": "lick", "source": {"source_type": "acquisition"}, "data_type": "digital", "ownership": {"animal": 1, "ownership": "self"}, "description": "licks at the port; the value is the number of the sensor''s segment"}, {"name": "reward", "source": {"source_type": "acquisition"}, "data_type": "digital", "ownership": {"ownership": "world"}, "coordinates": [200, 50, 0], "description": "drops of water from the port, in microlitres"}, {"name": "force", "source": {"source_type": "acquisition"}, "data_type": "analog", "ownership": {"animal": 1, "ownership": "self"}, "description": "the force on the plate under the animal that licks"}, {"name": "tone", "source": {"source_type": "stimulus"}, "data_type": "interval", "ownership": {"ownership": "world"}, "coordinates": [0, 0, 100.5], "description": "a tone of 8 kHz; the port opens after it"}, {"name": "head", "source": {"module": "behavior/Position", "source_type": "processing"}, "data_type": "kinematics", "ownership": {"animal": 2, "ownership": "self"}, "description": "the head of the animal that watches, tracked online"}, {"name": "nose", "source": {"video": "camera", "module": "behavior/PoseEstimation", "source_type": "processing"}, "data_type": "kinematics", "ownership": {"animal": 1, "ownership": "self"}, "description": "the nose of the animal that licks, tracked in the film"}, {"name": "tail", "source": {"video": "camera", "source_type": "deeplabcut"}, "data_type": "kinematics", "ownership": {"animal": 2, "ownership": "self"}, "description": "the tail of the animal that watches, to be tracked in the film later"}, {"name": "trials", "source": {"source_type": "intervals"}, "data_type": "interval", "ownership": {"ownership": "world"}, "description": "the trials as the acquisition software counts them"}], "specification": "antelop-behaviour", "reference_point": "top left corner of the arena"}');
INSERT INTO antelop_ingest_behaviour.digital_events (experimenter, experiment_id, session_id, behaviourrig_id, feature_id, animal_id, digitalevents_name, data, timestamps, unit, x_coordinate, y_coordinate, z_coordinate) VALUES ('lab', 1, 41, 1, 3, 17, 'lick', '{"kind": "inline", "dtype": "<i8", "shape": [51], "base64": "BAAAAAAAAAAIAAAAAAAAAAcAAAAAAAAAAwAAAAAAAAACAAAAAAAAAAgAAAAAAAAAAgAAAAAAAAAFAAAAAAAAAAIAAAAAAAAABwAAAAAAAAAHAAAAAAAAAAYAAAAAAAAABwAAAAAAAAAFAAAAAAAAAAMAAAAAAAAAAQAAAAAAAAAIAAAAAAAAAAUAAAAAAAAABwAAAAAAAAADAAAAAAAAAAQAAAAAAAAAAwAAAAAAAAAFAAAAAAAAAAMAAAAAAAAACAAAAAAAAAAEAAAAAAAAAAYAAAAAAAAAAwAAAAAAAAACAAAAAAAAAAQAAAAAAAAABQAAAAAAAAAGAAAAAAAAAAgAAAAAAAAABQAAAAAAAAAFAAAAAAAAAAQAAAAAAAAABAAAAAAAAAABAAAAAAAAAAYAAAAAAAAACAAAAAAAAAAEAAAAAAAAAAMAAAAAAAAABgAAAAAAAAAEAAAAAAAAAAEAAAAAAAAABgAAAAAAAAAHAAAAAAAAAAMAAAAAAAAACAAAAAAAAAAEAAAAAAAAAAcAAAAAAAAA"}', '{"kind": "inline", "dtype": "<f8", "shape": [51], "base64": "0bNZ9blaCUAwuycPCzUPQATFjzF3LRJAw9MrZRliIUC/fR04Z8QhQGRd3EYDeCJALv8h/fb1IkDswDkjSrsjQAfOGVHa2yNA3bWEfNDzI0ClvcEXJpMuQKOSOgFNpC9AY+5aQj7IL0CWkA96NssvQLN78rBQezBA+Q/pt6+DMEBIv30dOMc0QGEyVTAqSTVA16NwPQqHO0DF/rJ78uA7QBNhw9Mr9TtAmpmZmZlZPECitDf4wsxAQHDOiNLe0EBALv8h/fbVQEACmggbnt5AQE2EDU+vDEFANIC3QIISQUCuR+F6FF5BQBpR2ht8aUFAPzVeukl8Q0BiodY076BDQBE2PL1SBkRAwFsgQfE7RECmm8QgsEpEQE7RkVz+q0ZAnDOitDc4R0DSb18HznFJQEXY8PRKiUlAEhQ/xtydSUAMcayL27hJQHUCmggb1klAkA96NqsuSkAzMzMzM0NKQPCnxks3iUxAQmDl0CKTTEAfhetRuK5MQEeU9gZfyExAXtxGA3jjTEBjf9k9eRBNQA8tsp3vJ01A"}', 'a.u.', NULL, NULL, NULL);
INSERT INTO antelop_ingest_behaviour.digital_events (experimenter, experiment_id, session_id, behaviourrig_id, feature_id, animal_id, digitalevents_name, data, timestamps, unit, x_coordinate, y_coordinate, z_coordinate) VALUES ('lab', 1, 41, 1, 4, NULL, 'reward', '{"kind": "inline", "dtype": "<f8", "shape": [10], "base64": "AAAAAAAAFEAAAAAAAAAUQAAAAAAAABRAAAAAAAAABEAAAAAAAAAUQAAAAAAAABRAAAAAAAAAFEAAAAAAAAAEQAAAAAAAABRAAAAAAAAABEA="}', '{"kind": "inline", "dtype": "<f8", "shape": [10], "base64": "EoPAyqFFE0CF61G4HkUlQIXrUbgehTBANV66SQyCNkDVeOkmMeg8QO58PzVeekFAEFg5tMhmREAfhetRuG5HQIlBYOXQYkpAlkOLbOd7TUA="}', 'uL', 200, 50, 0);
INSERT INTO antelop_ingest_behaviour.feature (experimenter, behaviourrig_id, feature_id, feature_name, source_type, data_type, feature_description, feature_data) VALUES ('lab', 1, 1, 'led', 'acquisition', 'interval', 'the LED above the port; it announces a trial', NULL);
INSERT INTO antelop_ingest_behaviour.feature (experimenter, behaviourrig_id, feature_id, feature_name, source_type, data_type, feature_description, feature_data) VALUES ('lab', 1, 2, 'port', 'acquisition', 'interval', 'the port, while it is open', NULL);
INSERT INTO antelop_ingest_behaviour.feature (experimenter, behaviourrig_id, feature_id, feature_name, source_type, data_type, feature_description, feature_data) VALUES ('lab', 1, 3, 'lick', 'acquisition', 'digital', 'licks at the port; the value is the number of the sensor''s segment', NULL);
INSERT INTO antelop_ingest_behaviour.feature (experimenter, behaviourrig_id, feature_id, feature_name, source_type, data_type, feature_description, feature_data) VALUES ('lab', 1, 4, 'reward', 'acquisition', 'digital', 'drops of water from the port, in microlitres', NULL);
INSERT INTO antelop_ingest_behaviour.feature (experimenter, behaviourrig_id, feature_id, feature_name, source_type, data_type, feature_description, feature_data) VALUES ('lab', 1, 5, 'force', 'acquisition', 'analog', 'the force on the plate under the animal that licks', NULL);
INSERT INTO antelop_ingest_behaviour.feature (experimenter, behaviourrig_id, feature_id, feature_name, source_type, data_type, feature_description, feature_data) VALUES ('lab', 1, 6, 'tone', 'stimulus', 'interval', 'a tone of 8 kHz; the port opens after it', NULL);
INSERT INTO antelop_ingest_behaviour.feature (experimenter, behaviourrig_id, feature_id, feature_name, source_type, data_type, feature_description, feature_data) VALUES ('lab', 1, 7, 'head', 'processing', 'kinematics', 'the head of the animal that watches, tracked online', NULL);
INSERT INTO antelop_ingest_behaviour.feature (experimenter, behaviourrig_id, feature_id, feature_name, source_type, data_type, feature_description, feature_data) VALUES ('lab', 1, 8, 'nose', 'processing', 'kinematics', 'the nose of the animal that licks, tracked in the film', NULL);
INSERT INTO antelop_ingest_behaviour.feature (experimenter, behaviourrig_id, feature_id, feature_name, source_type, data_type, feature_description, feature_data) VALUES ('lab', 1, 9, 'tail', 'deeplabcut', 'kinematics', 'the tail of the animal that watches, to be tracked in the film later', NULL);
INSERT INTO antelop_ingest_behaviour.feature (experimenter, behaviourrig_id, feature_id, feature_name, source_type, data_type, feature_description, feature_data) VALUES ('lab', 1, 10, 'trials', 'intervals', 'interval', 'the trials as the acquisition software counts them', NULL);
INSERT INTO antelop_ingest_behaviour.interval_events (experimenter, experiment_id, session_id, behaviourrig_id, feature_id, animal_id, intervalevents_name, data, timestamps, x_coordinate, y_coordinate, z_coordinate) VALUES ('lab', 1, 41, 1, 1, NULL, 'led', '{"kind": "inline", "dtype": "|i1", "shape": [20], "base64": "Af8B/wH/Af8B/wH/Af8B/wH/Af8="}', '{"kind": "inline", "dtype": "<f8", "shape": [20], "base64": "kxgEVg4t6j9KDAIrhxb9PwrXo3A9ihpACtejcD2KHkAK16NwPQopQArXo3A9CitANV66SQyCMkA1XrpJDIIzQNV46SYx6DhA1XjpJjHoOUDb+X5qvPQ+QNv5fmq89D9AEFg5tMhmQkAQWDm0yOZCQB+F61G4bkVAH4XrUbjuRUCJQWDl0GJIQIlBYOXQ4khAlkOLbOd7S0CWQ4ts5/tLQA=="}', 100, 50, 0);
INSERT INTO antelop_ingest_behaviour.interval_events (experimenter, experiment_id, session_id, behaviourrig_id, feature_id, animal_id, intervalevents_name, data, timestamps, x_coordinate, y_coordinate, z_coordinate) VALUES ('lab', 1, 41, 1, 2, NULL, 'port', '{"kind": "inline", "dtype": "|i1", "shape": [20], "base64": "Af8B/wH/Af8B/wH/Af8B/wH/Af8="}', '{"kind": "inline", "dtype": "<f8", "shape": [20], "base64": "JQaBlUOLBkASg8DKoUUTQIXrUbgeRSFAhetRuB5FJUAK16NwPQotQIXrUbgehTBANV66SQyCNEA1XrpJDII2QNV46SYx6DpA1XjpJjHoPEDufD81XnpAQO58PzVeekFAEFg5tMhmQ0AQWDm0yGZEQB+F61G4bkZAH4XrUbhuR0CJQWDl0GJJQIlBYOXQYkpAlkOLbOd7TECWQ4ts53tNQA=="}', 200, 50, 0);
INSERT INTO antelop_ingest_behaviour.interval_events (experimenter, experiment_id, session_id, behaviourrig_id, feature_id, animal_id, intervalevents_name, data, timestamps, x_coordinate, y_coordinate, z_coordinate) VALUES ('lab', 1, 41, 1, 6, NULL, 'tone', '{"kind": "inline", "dtype": "|i1", "shape": [20], "base64": "Af8B/wH/Af8B/wH/Af8B/wH/Af8="}', '{"kind": "inline", "dtype": "<f8", "shape": [20], "base64": "SgwCK4cW/T8lBoGVQ4sCQArXo3A9ih5AhetRuB5FIEAK16NwPQorQArXo3A9CixANV66SQyCM0A1XrpJDAI0QNV46SYx6DlA1XjpJjFoOkDb+X5qvPQ/QO58PzVeOkBAEFg5tMjmQkAQWDm0yCZDQB+F61G47kVAH4XrUbguRkCJQWDl0OJIQIlBYOXQIklAlkOLbOf7S0CWQ4ts5ztMQA=="}', 0, 0, 100.5);
INSERT INTO antelop_ingest_behaviour.interval_events (experimenter, experiment_id, session_id, behaviourrig_id, feature_id, animal_id, intervalevents_name, data, timestamps, x_coordinate, y_coordinate, z_coordinate) VALUES ('lab', 1, 41, 1, 10, NULL, 'trials', '{"kind": "inline", "dtype": "|i1", "shape": [20], "base64": "Af8B/wH/Af8B/wH/Af8B/wH/Af8="}', '{"kind": "inline", "dtype": "<f8", "shape": [20], "base64": "kxgEVg4t6j8Sg8DKoUUXQArXo3A9ihpAhetRuB5FJ0AK16NwPQopQIXrUbgehTFANV66SQyCMkA1XrpJDII3QNV46SYx6DhA1XjpJjHoPUDb+X5qvPQ+QO58PzVe+kFAEFg5tMhmQkAQWDm0yOZEQB+F61G4bkVAH4XrUbjuR0CJQWDl0GJIQIlBYOXQ4kpAlkOLbOd7S0CWQ4ts5/tNQA=="}', NULL, NULL, NULL);
INSERT INTO antelop_ingest_behaviour.kinematics (experimenter, experiment_id, session_id, behaviourrig_id, feature_id, animal_id, video_id, kinematics_name, data, timestamps) VALUES ('lab', 1, 41, 1, 7, 18, NULL, 'head', '{"kind": "npy", "path": "objects/03/0a/030acb8c55b92333e03a059a2bfdbadfd4b9f8216798516e97e2603d5d5861d2.npy", "size": 14528, "dtype": "<f8", "shape": [600, 3]}', '{"kind": "inline", "dtype": "<f8", "shape": [600], "base64": "AAAAAAAAAACamZmZmZm5P5qZmZmZmck/MzMzMzMz0z+amZmZmZnZPwAAAAAAAOA/MzMzMzMz4z9mZmZmZmbmP5qZmZmZmek/zczMzMzM7D8AAAAAAADwP5qZmZmZmfE/MzMzMzMz8z/NzMzMzMz0P2ZmZmZmZvY/AAAAAAAA+D+amZmZmZn5PzMzMzMzM/s/zczMzMzM/D9mZmZmZmb+PwAAAAAAAABAzczMzMzMAECamZmZmZkBQGZmZmZmZgJAMzMzMzMzA0AAAAAAAAAEQM3MzMzMzARAmpmZmZmZBUBmZmZmZmYGQDMzMzMzMwdAAAAAAAAACEDNzMzMzMwIQJqZmZmZmQlAZmZmZmZmCkAzMzMzMzMLQAAAAAAAAAxAzczMzMzMDECamZmZmZkNQGZmZmZmZg5AMzMzMzMzD0AAAAAAAAAQQGZmZmZmZhBAzczMzMzMEEAzMzMzMzMRQJqZmZmZmRFAAAAAAAAAEkBmZmZmZmYSQM3MzMzMzBJAMzMzMzMzE0CamZmZmZkTQAAAAAAAABRAZmZmZmZmFEDNzMzMzMwUQDMzMzMzMxVAmpmZmZmZFUAAAAAAAAAWQGZmZmZmZhZAzczMzMzMFkAzMzMzMzMXQJqZmZmZmRdAAAAAAAAAGEBmZmZmZmYYQM3MzMzMzBhAMzMzMzMzGUCamZmZmZkZQAAAAAAAABpAZmZmZmZmGkDNzMzMzMwaQDMzMzMzMxtAmpmZmZmZG0AAAAAAAAAcQGZmZmZmZhxAzczMzMzMHEAzMzMzMzMdQJqZmZmZmR1AAAAAAAAAHkBmZmZmZmYeQM3MzMzMzB5AMzMzMzMzH0CamZmZmZkfQAAAAAAAACBAMzMzMzMzIEBmZmZmZmYgQJqZmZmZmSBAzczMzMzMIEAAAAAAAAAhQDMzMzMzMyFAZmZmZmZmIUCamZmZmZkhQM3MzMzMzCFAAAAAAAAAIkAzMzMzMzMiQGZmZmZmZiJAmpmZmZmZIkDNzMzMzMwiQAAAAAAAACNAMzMzMzMzI0BmZmZmZmYjQJqZmZmZmSNAzczMzMzMI0AAAAAAAAAkQDMzMzMzMyRAZmZmZmZmJECamZmZmZkkQM3MzMzMzCRAAAAAAAAAJUAzMzMzMzMlQGZmZmZmZiVAmpmZmZmZJUDNzMzMzMwlQAAAAAAAACZAMzMzMzMzJkBmZmZmZmYmQJqZmZmZmSZAzczMzMzMJkAAAAAAAAAnQDMzMzMzMydAZmZmZmZmJ0CamZmZmZknQM3MzMzMzCdAAAAAAAAAKEAzMzMzMzMoQGZmZmZmZihAmpmZmZmZKEDNzMzMzMwoQAAAAAAAAClAMzMzMzMzKUBmZmZmZmYpQJqZmZmZmSlAzczMzMzMKUAAAAAAAAAqQDMzMzMzMypAZmZmZmZmKkCamZmZmZkqQM3MzMzMzCpAAAAAAAAAK0AzMzMzMzMrQGZmZmZmZitAmpmZmZmZK0DNzMzMzMwrQAAAAAAAACxAMzMzMzMzLEBmZmZmZmYsQJqZmZmZmSxAzczMzMzMLEAAAAAAAAAtQDMzMzMzMy1AZmZmZmZmLUCamZmZmZktQM3MzMzMzC1AAAAAAAAALkAzMzMzMzMuQGZmZmZmZi5AmpmZmZmZLkDNzMzMzMwuQAAAAAAAAC9AMzMzMzMzL0BmZmZmZmYvQJqZmZmZmS9AzczMzMzML0AAAAAAAAAwQJqZmZmZGTBAMzMzMzMzMEDNzMzMzEwwQGZmZmZmZjBAAAAAAACAMECamZmZmZkwQDMzMzMzszBAzczMzMzMMEBmZmZmZuYwQAAAAAAAADFAmpmZmZkZMUAzMzMzMzMxQM3MzMzMTDFAZmZmZmZmMUAAAAAAAIAxQJqZmZmZmTFAMzMzMzOzMUDNzMzMzMwxQGZmZmZm5jFAAAAAAAAAMkCamZmZmRkyQDMzMzMzMzJAzczMzMxMMkBmZmZmZmYyQAAAAAAAgDJAmpmZmZmZMkAzMzMzM7MyQM3MzMzMzDJAZmZmZmbmMkAAAAAAAAAzQJqZmZmZGTNAMzMzMzMzM0DNzMzMzEwzQGZmZmZmZjNAAAAAAACAM0CamZmZmZkzQDMzMzMzszNAzczMzMzMM0BmZmZmZuYzQAAAAAAAADRAmpmZmZkZNEAzMzMzMzM0QM3MzMzMTDRAZmZmZmZmNEAAAAAAAIA0QJqZmZmZmTRAMzMzMzOzNEDNzMzMzMw0QGZmZmZm5jRAAAAAAAAANUCamZmZmRk1QDMzMzMzMzVAzczMzMxMNUBmZmZmZmY1QAAAAAAAgDVAmpmZmZmZNUAzMzMzM7M1QM3MzMzMzDVAZmZmZmbmNUAAAAAAAAA2QJqZmZmZGTZAMzMzMzMzNkDNzMzMzEw2QGZmZmZmZjZAAAAAAACANkCamZmZmZk2QDMzMzMzszZAzczMzMzMNkBmZmZmZuY2QAAAAAAAADdAmpmZmZkZN0AzMzMzMzM3QM3MzMzMTDdAZmZmZmZmN0AAAAAAAIA3QJqZmZmZmTdAMzMzMzOzN0DNzMzMzMw3QGZmZmZm5jdAAAAAAAAAOECamZmZmRk4QDMzMzMzMzhAzczMzMxMOEBmZmZmZmY4QAAAAAAAgDhAmpmZmZmZOEAzMzMzM7M4QM3MzMzMzDhAZmZmZmbmOEAAAAAAAAA5QJqZmZmZGTlAMzMzMzMzOUDNzMzMzEw5QGZmZmZmZjlAAAAAAACAOUCamZmZmZk5QDMzMzMzszlAzczMzMzMOUBmZmZmZuY5QAAAAAAAADpAmpmZmZkZOkAzMzMzMzM6QM3MzMzMTDpAZmZmZmZmOkAAAAAAAIA6QJqZmZmZmTpAMzMzMzOzOkDNzMzMzMw6QGZmZmZm5jpAAAAAAAAAO0CamZmZmRk7QDMzMzMzMztAzczMzMxMO0BmZmZmZmY7QAAAAAAAgDtAmpmZmZmZO0AzMzMzM7M7QM3MzMzMzDtAZmZmZmbmO0AAAAAAAAA8QJqZmZmZGTxAMzMzMzMzPEDNzMzMzEw8QGZmZmZmZjxAAAAAAACAPECamZmZmZk8QDMzMzMzszxAzczMzMzMPEBmZmZmZuY8QAAAAAAAAD1AmpmZmZkZPUAzMzMzMzM9QM3MzMzMTD1AZmZmZmZmPUAAAAAAAIA9QJqZmZmZmT1AMzMzMzOzPUDNzMzMzMw9QGZmZmZm5j1AAAAAAAAAPkCamZmZmRk+QDMzMzMzMz5AzczMzMxMPkBmZmZmZmY+QAAAAAAAgD5AmpmZmZmZPkAzMzMzM7M+QM3MzMzMzD5AZmZmZmbmPkAAAAAAAAA/QJqZmZmZGT9AMzMzMzMzP0DNzMzMzEw/QGZmZmZmZj9AAAAAAACAP0CamZmZmZk/QDMzMzMzsz9AzczMzMzMP0BmZmZmZuY/QAAAAAAAAEBAzczMzMwMQECamZmZmRlAQGZmZmZmJkBAMzMzMzMzQEAAAAAAAEBAQM3MzMzMTEBAmpmZmZlZQEBmZmZmZmZAQDMzMzMzc0BAAAAAAACAQEDNzMzMzIxAQJqZmZmZmUBAZmZmZmamQEAzMzMzM7NAQAAAAAAAwEBAzczMzMzMQECamZmZmdlAQGZmZmZm5kBAMzMzMzPzQEAAAAAAAABBQM3MzMzMDEFAmpmZmZkZQUBmZmZmZiZBQDMzMzMzM0FAAAAAAABAQUDNzMzMzExBQJqZmZmZWUFAZmZmZmZmQUAzMzMzM3NBQAAAAAAAgEFAzczMzMyMQUCamZmZmZlBQGZmZmZmpkFAMzMzMzOzQUAAAAAAAMBBQM3MzMzMzEFAmpmZmZnZQUBmZmZmZuZBQDMzMzMz80FAAAAAAAAAQkDNzMzMzAxCQJqZmZmZGUJAZmZmZmYmQkAzMzMzMzNCQAAAAAAAQEJAzczMzMxMQkCamZmZmVlCQGZmZmZmZkJAMzMzMzNzQkAAAAAAAIBCQM3MzMzMjEJAmpmZmZmZQkBmZmZmZqZCQDMzMzMzs0JAAAAAAADAQkDNzMzMzMxCQJqZmZmZ2UJAZmZmZmbmQkAzMzMzM/NCQAAAAAAAAENAzczMzMwMQ0CamZmZmRlDQGZmZmZmJkNAMzMzMzMzQ0AAAAAAAEBDQM3MzMzMTENAmpmZmZlZQ0BmZmZmZmZDQDMzMzMzc0NAAAAAAACAQ0DNzMzMzIxDQJqZmZmZmUNAZmZmZmamQ0AzMzMzM7NDQAAAAAAAwENAzczMzMzMQ0CamZmZmdlDQGZmZmZm5kNAMzMzMzPzQ0AAAAAAAABEQM3MzMzMDERAmpmZmZkZREBmZmZmZiZEQDMzMzMzM0RAAAAAAABAREDNzMzMzExEQJqZmZmZWURAZmZmZmZmREAzMzMzM3NEQAAAAAAAgERAzczMzMyMRECamZmZmZlEQGZmZmZmpkRAMzMzMzOzREAAAAAAAMBEQM3MzMzMzERAmpmZmZnZREBmZmZmZuZEQDMzMzMz80RAAAAAAAAARUDNzMzMzAxFQJqZmZmZGUVAZmZmZmYmRUAzMzMzMzNFQAAAAAAAQEVAzczMzMxMRUCamZmZmVlFQGZmZmZmZkVAMzMzMzNzRUAAAAAAAIBFQM3MzMzMjEVAmpmZmZmZRUBmZmZmZqZFQDMzMzMzs0VAAAAAAADARUDNzMzMzMxFQJqZmZmZ2UVAZmZmZmbmRUAzMzMzM/NFQAAAAAAAAEZAzczMzMwMRkCamZmZmRlGQGZmZmZmJkZAMzMzMzMzRkAAAAAAAEBGQM3MzMzMTEZAmpmZmZlZRkBmZmZmZmZGQDMzMzMzc0ZAAAAAAACARkDNzMzMzIxGQJqZmZmZmUZAZmZmZmamRkAzMzMzM7NGQAAAAAAAwEZAzczMzMzMRkCamZmZmdlGQGZmZmZm5kZAMzMzMzPzRkAAAAAAAABHQM3MzMzMDEdAmpmZmZkZR0BmZmZmZiZHQDMzMzMzM0dAAAAAAABAR0DNzMzMzExHQJqZmZmZWUdAZmZmZmZmR0AzMzMzM3NHQAAAAAAAgEdAzczMzMyMR0CamZmZmZlHQGZmZmZmpkdAMzMzMzOzR0AAAAAAAMBHQM3MzMzMzEdAmpmZmZnZR0BmZmZmZuZHQDMzMzMz80dAAAAAAAAASEDNzMzMzAxIQJqZmZmZGUhAZmZmZmYmSEAzMzMzMzNIQAAAAAAAQEhAzczMzMxMSECamZmZmVlIQGZmZmZmZkhAMzMzMzNzSEAAAAAAAIBIQM3MzMzMjEhAmpmZmZmZSEBmZmZmZqZIQDMzMzMzs0hAAAAAAADASEDNzMzMzMxIQJqZmZmZ2UhAZmZmZmbmSEAzMzMzM/NIQAAAAAAAAElAzczMzMwMSUCamZmZmRlJQGZmZmZmJklAMzMzMzMzSUAAAAAAAEBJQM3MzMzMTElAmpmZmZlZSUBmZmZmZmZJQDMzMzMzc0lAAAAAAACASUDNzMzMzIxJQJqZmZmZmUlAZmZmZmamSUAzMzMzM7NJQAAAAAAAwElAzczMzMzMSUCamZmZmdlJQGZmZmZm5klAMzMzMzPzSUAAAAAAAABKQM3MzMzMDEpAmpmZmZkZSkBmZmZmZiZKQDMzMzMzM0pAAAAAAABASkDNzMzMzExKQJqZmZmZWUpAZmZmZmZmSkAzMzMzM3NKQAAAAAAAgEpAzczMzMyMSkCamZmZmZlKQGZmZmZmpkpAMzMzMzOzSkAAAAAAAMBKQM3MzMzMzEpAmpmZmZnZSkBmZmZmZuZKQDMzMzMz80pAAAAAAAAAS0DNzMzMzAxLQJqZmZmZGUtAZmZmZmYmS0AzMzMzMzNLQAAAAAAAQEtAzczMzMxMS0CamZmZmVlLQGZmZmZmZktAMzMzMzNzS0AAAAAAAIBLQM3MzMzMjEtAmpmZmZmZS0BmZmZmZqZLQDMzMzMzs0tAAAAAAADAS0DNzMzMzMxLQJqZmZmZ2UtAZmZmZmbmS0AzMzMzM/NLQAAAAAAAAExAzczMzMwMTECamZmZmRlMQGZmZmZmJkxAMzMzMzMzTEAAAAAAAEBMQM3MzMzMTExAmpmZmZlZTEBmZmZmZmZMQDMzMzMzc0xAAAAAAACATEDNzMzMzIxMQJqZmZmZmUxAZmZmZmamTEAzMzMzM7NMQAAAAAAAwExAzczMzMzMTECamZmZmdlMQGZmZmZm5kxAMzMzMzPzTEAAAAAAAABNQM3MzMzMDE1AmpmZmZkZTUBmZmZmZiZNQDMzMzMzM01AAAAAAABATUDNzMzMzExNQJqZmZmZWU1AZmZmZmZmTUAzMzMzM3NNQAAAAAAAgE1AzczMzMyMTUCamZmZmZlNQGZmZmZmpk1AMzMzMzOzTUAAAAAAAMBNQM3MzMzMzE1AmpmZmZnZTUBmZmZmZuZNQDMzMzMz801A"}');
INSERT INTO antelop_ingest_behaviour.kinematics (experimenter, experiment_id, session_id, behaviourrig_id, feature_id, animal_id, video_id, kinematics_name, data, timestamps) VALUES ('lab', 1, 41, 1, 8, 17, 1, 'nose', '{"kind": "npy", "path": "objects/8f/16/8f1680eddc49d7fca1b2aae5b3c9d662785f9b2a24f270cc09536f54ae3ae2dd.npy", "size": 14528, "dtype": "<f8", "shape": [600, 3]}', '{"kind": "inline", "dtype": "<f8", "shape": [600], "base64": "AAAAAAAAAACamZmZmZm5P5qZmZmZmck/MzMzMzMz0z+amZmZmZnZPwAAAAAAAOA/MzMzMzMz4z9mZmZmZmbmP5qZmZmZmek/zczMzMzM7D8AAAAAAADwP5qZmZmZmfE/MzMzMzMz8z/NzMzMzMz0P2ZmZmZmZvY/AAAAAAAA+D+amZmZmZn5PzMzMzMzM/s/zczMzMzM/D9mZmZmZmb+PwAAAAAAAABAzczMzMzMAECamZmZmZkBQGZmZmZmZgJAMzMzMzMzA0AAAAAAAAAEQM3MzMzMzARAmpmZmZmZBUBmZmZmZmYGQDMzMzMzMwdAAAAAAAAACEDNzMzMzMwIQJqZmZmZmQlAZmZmZmZmCkAzMzMzMzMLQAAAAAAAAAxAzczMzMzMDECamZmZmZkNQGZmZmZmZg5AMzMzMzMzD0AAAAAAAAAQQGZmZmZmZhBAzczMzMzMEEAzMzMzMzMRQJqZmZmZmRFAAAAAAAAAEkBmZmZmZmYSQM3MzMzMzBJAMzMzMzMzE0CamZmZmZkTQAAAAAAAABRAZmZmZmZmFEDNzMzMzMwUQDMzMzMzMxVAmpmZmZmZFUAAAAAAAAAWQGZmZmZmZhZAzczMzMzMFkAzMzMzMzMXQJqZmZmZmRdAAAAAAAAAGEBmZmZmZmYYQM3MzMzMzBhAMzMzMzMzGUCamZmZmZkZQAAAAAAAABpAZmZmZmZmGkDNzMzMzMwaQDMzMzMzMxtAmpmZmZmZG0AAAAAAAAAcQGZmZmZmZhxAzczMzMzMHEAzMzMzMzMdQJqZmZmZmR1AAAAAAAAAHkBmZmZmZmYeQM3MzMzMzB5AMzMzMzMzH0CamZmZmZkfQAAAAAAAACBAMzMzMzMzIEBmZmZmZmYgQJqZmZmZmSBAzczMzMzMIEAAAAAAAAAhQDMzMzMzMyFAZmZmZmZmIUCamZmZmZkhQM3MzMzMzCFAAAAAAAAAIkAzMzMzMzMiQGZmZmZmZiJAmpmZmZmZIkDNzMzMzMwiQAAAAAAAACNAMzMzMzMzI0BmZmZmZmYjQJqZmZmZmSNAzczMzMzMI0AAAAAAAAAkQDMzMzMzMyRAZmZmZmZmJECamZmZmZkkQM3MzMzMzCRAAAAAAAAAJUAzMzMzMzMlQGZmZmZmZiVAmpmZmZmZJUDNzMzMzMwlQAAAAAAAACZAMzMzMzMzJkBmZmZmZmYmQJqZmZmZmSZAzczMzMzMJkAAAAAAAAAnQDMzMzMzMydAZmZmZmZmJ0CamZmZmZknQM3MzMzMzCdAAAAAAAAAKEAzMzMzMzMoQGZmZmZmZihAmpmZmZmZKEDNzMzMzMwoQAAAAAAAAClAMzMzMzMzKUBmZmZmZmYpQJqZmZmZmSlAzczMzMzMKUAAAAAAAAAqQDMzMzMzMypAZmZmZmZmKkCamZmZmZkqQM3MzMzMzCpAAAAAAAAAK0AzMzMzMzMrQGZmZmZmZitAmpmZmZmZK0DNzMzMzMwrQAAAAAAAACxAMzMzMzMzLEBmZmZmZmYsQJqZmZmZmSxAzczMzMzMLEAAAAAAAAAtQDMzMzMzMy1AZmZmZmZmLUCamZmZmZktQM3MzMzMzC1AAAAAAAAALkAzMzMzMzMuQGZmZmZmZi5AmpmZmZmZLkDNzMzMzMwuQAAAAAAAAC9AMzMzMzMzL0BmZmZmZmYvQJqZmZmZmS9AzczMzMzML0AAAAAAAAAwQJqZmZmZGTBAMzMzMzMzMEDNzMzMzEwwQGZmZmZmZjBAAAAAAACAMECamZmZmZkwQDMzMzMzszBAzczMzMzMMEBmZmZmZuYwQAAAAAAAADFAmpmZmZkZMUAzMzMzMzMxQM3MzMzMTDFAZmZmZmZmMUAAAAAAAIAxQJqZmZmZmTFAMzMzMzOzMUDNzMzMzMwxQGZmZmZm5jFAAAAAAAAAMkCamZmZmRkyQDMzMzMzMzJAzczMzMxMMkBmZmZmZmYyQAAAAAAAgDJAmpmZmZmZMkAzMzMzM7MyQM3MzMzMzDJAZmZmZmbmMkAAAAAAAAAzQJqZmZmZGTNAMzMzMzMzM0DNzMzMzEwzQGZmZmZmZjNAAAAAAACAM0CamZmZmZkzQDMzMzMzszNAzczMzMzMM0BmZmZmZuYzQAAAAAAAADRAmpmZmZkZNEAzMzMzMzM0QM3MzMzMTDRAZmZmZmZmNEAAAAAAAIA0QJqZmZmZmTRAMzMzMzOzNEDNzMzMzMw0QGZmZmZm5jRAAAAAAAAANUCamZmZmRk1QDMzMzMzMzVAzczMzMxMNUBmZmZmZmY1QAAAAAAAgDVAmpmZmZmZNUAzMzMzM7M1QM3MzMzMzDVAZmZmZmbmNUAAAAAAAAA2QJqZmZmZGTZAMzMzMzMzNkDNzMzMzEw2QGZmZmZmZjZAAAAAAACANkCamZmZmZk2QDMzMzMzszZAzczMzMzMNkBmZmZmZuY2QAAAAAAAADdAmpmZmZkZN0AzMzMzMzM3QM3MzMzMTDdAZmZmZmZmN0AAAAAAAIA3QJqZmZmZmTdAMzMzMzOzN0DNzMzMzMw3QGZmZmZm5jdAAAAAAAAAOECamZmZmRk4QDMzMzMzMzhAzczMzMxMOEBmZmZmZmY4QAAAAAAAgDhAmpmZmZmZOEAzMzMzM7M4QM3MzMzMzDhAZmZmZmbmOEAAAAAAAAA5QJqZmZmZGTlAMzMzMzMzOUDNzMzMzEw5QGZmZmZmZjlAAAAAAACAOUCamZmZmZk5QDMzMzMzszlAzczMzMzMOUBmZmZmZuY5QAAAAAAAADpAmpmZmZkZOkAzMzMzMzM6QM3MzMzMTDpAZmZmZmZmOkAAAAAAAIA6QJqZmZmZmTpAMzMzMzOzOkDNzMzMzMw6QGZmZmZm5jpAAAAAAAAAO0CamZmZmRk7QDMzMzMzMztAzczMzMxMO0BmZmZmZmY7QAAAAAAAgDtAmpmZmZmZO0AzMzMzM7M7QM3MzMzMzDtAZmZmZmbmO0AAAAAAAAA8QJqZmZmZGTxAMzMzMzMzPEDNzMzMzEw8QGZmZmZmZjxAAAAAAACAPECamZmZmZk8QDMzMzMzszxAzczMzMzMPEBmZmZmZuY8QAAAAAAAAD1AmpmZmZkZPUAzMzMzMzM9QM3MzMzMTD1AZmZmZmZmPUAAAAAAAIA9QJqZmZmZmT1AMzMzMzOzPUDNzMzMzMw9QGZmZmZm5j1AAAAAAAAAPkCamZmZmRk+QDMzMzMzMz5AzczMzMxMPkBmZmZmZmY+QAAAAAAAgD5AmpmZmZmZPkAzMzMzM7M+QM3MzMzMzD5AZmZmZmbmPkAAAAAAAAA/QJqZmZmZGT9AMzMzMzMzP0DNzMzMzEw/QGZmZmZmZj9AAAAAAACAP0CamZmZmZk/QDMzMzMzsz9AzczMzMzMP0BmZmZmZuY/QAAAAAAAAEBAzczMzMwMQECamZmZmRlAQGZmZmZmJkBAMzMzMzMzQEAAAAAAAEBAQM3MzMzMTEBAmpmZmZlZQEBmZmZmZmZAQDMzMzMzc0BAAAAAAACAQEDNzMzMzIxAQJqZmZmZmUBAZmZmZmamQEAzMzMzM7NAQAAAAAAAwEBAzczMzMzMQECamZmZmdlAQGZmZmZm5kBAMzMzMzPzQEAAAAAAAABBQM3MzMzMDEFAmpmZmZkZQUBmZmZmZiZBQDMzMzMzM0FAAAAAAABAQUDNzMzMzExBQJqZmZmZWUFAZmZmZmZmQUAzMzMzM3NBQAAAAAAAgEFAzczMzMyMQUCamZmZmZlBQGZmZmZmpkFAMzMzMzOzQUAAAAAAAMBBQM3MzMzMzEFAmpmZmZnZQUBmZmZmZuZBQDMzMzMz80FAAAAAAAAAQkDNzMzMzAxCQJqZmZmZGUJAZmZmZmYmQkAzMzMzMzNCQAAAAAAAQEJAzczMzMxMQkCamZmZmVlCQGZmZmZmZkJAMzMzMzNzQkAAAAAAAIBCQM3MzMzMjEJAmpmZmZmZQkBmZmZmZqZCQDMzMzMzs0JAAAAAAADAQkDNzMzMzMxCQJqZmZmZ2UJAZmZmZmbmQkAzMzMzM/NCQAAAAAAAAENAzczMzMwMQ0CamZmZmRlDQGZmZmZmJkNAMzMzMzMzQ0AAAAAAAEBDQM3MzMzMTENAmpmZmZlZQ0BmZmZmZmZDQDMzMzMzc0NAAAAAAACAQ0DNzMzMzIxDQJqZmZmZmUNAZmZmZmamQ0AzMzMzM7NDQAAAAAAAwENAzczMzMzMQ0CamZmZmdlDQGZmZmZm5kNAMzMzMzPzQ0AAAAAAAABEQM3MzMzMDERAmpmZmZkZREBmZmZmZiZEQDMzMzMzM0RAAAAAAABAREDNzMzMzExEQJqZmZmZWURAZmZmZmZmREAzMzMzM3NEQAAAAAAAgERAzczMzMyMRECamZmZmZlEQGZmZmZmpkRAMzMzMzOzREAAAAAAAMBEQM3MzMzMzERAmpmZmZnZREBmZmZmZuZEQDMzMzMz80RAAAAAAAAARUDNzMzMzAxFQJqZmZmZGUVAZmZmZmYmRUAzMzMzMzNFQAAAAAAAQEVAzczMzMxMRUCamZmZmVlFQGZmZmZmZkVAMzMzMzNzRUAAAAAAAIBFQM3MzMzMjEVAmpmZmZmZRUBmZmZmZqZFQDMzMzMzs0VAAAAAAADARUDNzMzMzMxFQJqZmZmZ2UVAZmZmZmbmRUAzMzMzM/NFQAAAAAAAAEZAzczMzMwMRkCamZmZmRlGQGZmZmZmJkZAMzMzMzMzRkAAAAAAAEBGQM3MzMzMTEZAmpmZmZlZRkBmZmZmZmZGQDMzMzMzc0ZAAAAAAACARkDNzMzMzIxGQJqZmZmZmUZAZmZmZmamRkAzMzMzM7NGQAAAAAAAwEZAzczMzMzMRkCamZmZmdlGQGZmZmZm5kZAMzMzMzPzRkAAAAAAAABHQM3MzMzMDEdAmpmZmZkZR0BmZmZmZiZHQDMzMzMzM0dAAAAAAABAR0DNzMzMzExHQJqZmZmZWUdAZmZmZmZmR0AzMzMzM3NHQAAAAAAAgEdAzczMzMyMR0CamZmZmZlHQGZmZmZmpkdAMzMzMzOzR0AAAAAAAMBHQM3MzMzMzEdAmpmZmZnZR0BmZmZmZuZHQDMzMzMz80dAAAAAAAAASEDNzMzMzAxIQJqZmZmZGUhAZmZmZmYmSEAzMzMzMzNIQAAAAAAAQEhAzczMzMxMSECamZmZmVlIQGZmZmZmZkhAMzMzMzNzSEAAAAAAAIBIQM3MzMzMjEhAmpmZmZmZSEBmZmZmZqZIQDMzMzMzs0hAAAAAAADASEDNzMzMzMxIQJqZmZmZ2UhAZmZmZmbmSEAzMzMzM/NIQAAAAAAAAElAzczMzMwMSUCamZmZmRlJQGZmZmZmJklAMzMzMzMzSUAAAAAAAEBJQM3MzMzMTElAmpmZmZlZSUBmZmZmZmZJQDMzMzMzc0lAAAAAAACASUDNzMzMzIxJQJqZmZmZmUlAZmZmZmamSUAzMzMzM7NJQAAAAAAAwElAzczMzMzMSUCamZmZmdlJQGZmZmZm5klAMzMzMzPzSUAAAAAAAABKQM3MzMzMDEpAmpmZmZkZSkBmZmZmZiZKQDMzMzMzM0pAAAAAAABASkDNzMzMzExKQJqZmZmZWUpAZmZmZmZmSkAzMzMzM3NKQAAAAAAAgEpAzczMzMyMSkCamZmZmZlKQGZmZmZmpkpAMzMzMzOzSkAAAAAAAMBKQM3MzMzMzEpAmpmZmZnZSkBmZmZmZuZKQDMzMzMz80pAAAAAAAAAS0DNzMzMzAxLQJqZmZmZGUtAZmZmZmYmS0AzMzMzMzNLQAAAAAAAQEtAzczMzMxMS0CamZmZmVlLQGZmZmZmZktAMzMzMzNzS0AAAAAAAIBLQM3MzMzMjEtAmpmZmZmZS0BmZmZmZqZLQDMzMzMzs0tAAAAAAADAS0DNzMzMzMxLQJqZmZmZ2UtAZmZmZmbmS0AzMzMzM/NLQAAAAAAAAExAzczMzMwMTECamZmZmRlMQGZmZmZmJkxAMzMzMzMzTEAAAAAAAEBMQM3MzMzMTExAmpmZmZlZTEBmZmZmZmZMQDMzMzMzc0xAAAAAAACATEDNzMzMzIxMQJqZmZmZmUxAZmZmZmamTEAzMzMzM7NMQAAAAAAAwExAzczMzMzMTECamZmZmdlMQGZmZmZm5kxAMzMzMzPzTEAAAAAAAABNQM3MzMzMDE1AmpmZmZkZTUBmZmZmZiZNQDMzMzMzM01AAAAAAABATUDNzMzMzExNQJqZmZmZWU1AZmZmZmZmTUAzMzMzM3NNQAAAAAAAgE1AzczMzMyMTUCamZmZmZlNQGZmZmZmpk1AMzMzMzOzTUAAAAAAAMBNQM3MzMzMzE1AmpmZmZnZTUBmZmZmZuZNQDMzMzMz801A"}');
INSERT INTO antelop_ingest_behaviour.mask (experimenter, experiment_id, session_id, behaviourrig_id, mask_id, mask_name, data, timestamps, function_sha256) VALUES ('lab', 1, 41, 1, 1, 'trials', '{"kind": "inline", "dtype": "|i1", "shape": [20], "base64": "Af8B/wH/Af8B/wH/Af8B/wH/Af8="}', '{"kind": "inline", "dtype": "<f8", "shape": [20], "base64": "kxgEVg4t6j8Sg8DKoUUXQArXo3A9ihpAhetRuB5FJ0AK16NwPQopQIXrUbgehTFANV66SQyCMkA1XrpJDII3QNV46SYx6DhA1XjpJjHoPUDb+X5qvPQ+QO58PzVe+kFAEFg5tMhmQkAQWDm0yOZEQB+F61G4bkVAH4XrUbjuR0CJQWDl0GJIQIlBYOXQ4kpAlkOLbOd7S0CWQ4ts5/tNQA=="}', 'e823dac9e57c19ce332d2bb6e2030e9656c1b25d85e74d856ce9ac9eb5b31e88');
INSERT INTO antelop_ingest_behaviour.mask_function (experimenter, behaviourrig_id, mask_id, mask_name, maskfunction_name, maskfunction_description, mask_function, function_sha256) VALUES ('lab', 1, 1, 'trials', 'licking.table_trials', 'the rows of the trials table', '\x646a3000055f0100000000000040616e74656c6f705f616e616c797369730a636c617373205461626c65547269616c733a0a2020202022222254686520726f7773206f662074686520747269616c73207461626c652e2222220a0a202020206e616d65203d20227461626c655f747269616c73220a202020207175657279203d2022576f726c64220a2020202064617461203d2022496e74657276616c4576656e7473220a2020202072657475726e73203d207b2264617461223a206e702e6e6461727261792c202274696d657374616d7073223a206e702e6e6461727261797d0a202020206d61736b203d20547275650a0a202020206465662072756e286b6579293a0a202020202020202072657475726e2028496e74657276616c4576656e74732026206b65792026207b22696e74657276616c6576656e74735f6e616d65223a2022747269616c73227d292e666574636831282264617461222c202274696d657374616d707322290a', 'e823dac9e57c19ce332d2bb6e2030e9656c1b25d85e74d856ce9ac9eb5b31e88');
INSERT INTO antelop_ingest_behaviour.object (experimenter, experiment_id, session_id, behaviourrig_id, feature_id, object_name, object_type, animal_id) VALUES ('lab', 1, 41, 1, 1, 'led', 'World', NULL);
INSERT INTO antelop_ingest_behaviour.object (experimenter, experiment_id, session_id, behaviourrig_id, feature_id, object_name, object_type, animal_id) VALUES ('lab', 1, 41, 1, 2, 'port', 'World', NULL);
INSERT INTO antelop_ingest_behaviour.object (experimenter, experiment_id, session_id, behaviourrig_id, feature_id, object_name, object_type, animal_id) VALUES ('lab', 1, 41, 1, 3, 'lick', 'Self', 17);
INSERT INTO antelop_ingest_behaviour.object (experimenter, experiment_id, session_id, behaviourrig_id, feature_id, object_name, object_type, animal_id) VALUES ('lab', 1, 41, 1, 4, 'reward', 'World', NULL);
INSERT INTO antelop_ingest_behaviour.object (experimenter, experiment_id, session_id, behaviourrig_id, feature_id, object_name, object_type, animal_id) VALUES ('lab', 1, 41, 1, 5, 'force', 'Self', 17);
INSERT INTO antelop_ingest_behaviour.object (experimenter, experiment_id, session_id, behaviourrig_id, feature_id, object_name, object_type, animal_id) VALUES ('lab', 1, 41, 1, 6, 'tone', 'World', NULL);
INSERT INTO antelop_ingest_behaviour.object (experimenter, experiment_id, session_id, behaviourrig_id, feature_id, object_name, object_type, animal_id) VALUES ('lab', 1, 41, 1, 7, 'head', 'Self', 18);
INSERT INTO antelop_ingest_behaviour.object (experimenter, experiment_id, session_id, behaviourrig_id, feature_id, object_name, object_type, animal_id) VALUES ('lab', 1, 41, 1, 8, 'nose', 'Self', 17);
INSERT INTO antelop_ingest_behaviour.object (experimenter, experiment_id, session_id, behaviourrig_id, feature_id, object_name, object_type, animal_id) VALUES ('lab', 1, 41, 1, 9, 'tail', 'Self', 18);
INSERT INTO antelop_ingest_behaviour.object (experimenter, experiment_id, session_id, behaviourrig_id, feature_id, object_name, object_type, animal_id) VALUES ('lab', 1, 41, 1, 10, 'trials', 'World', NULL);
INSERT INTO antelop_ingest_behaviour.self (experimenter, experiment_id, session_id, animal_id) VALUES ('lab', 1, 41, 17);
INSERT INTO antelop_ingest_behaviour.self (experimenter, experiment_id, session_id, animal_id) VALUES ('lab', 1, 41, 18);
INSERT INTO antelop_ingest_behaviour.video (experimenter, experiment_id, session_id, video_id, video_name, video, timestamps) VALUES ('lab', 1, 41, 1, 'camera', '{"kind": "file", "path": "objects/81/c0/81c0644526edfe88d8aa533033c831fc57f547bab76a228da69246a1fd18e783.avi", "size": 40}', '{"kind": "inline", "dtype": "<f8", "shape": [600], "base64": "AAAAAAAAAACamZmZmZm5P5qZmZmZmck/MzMzMzMz0z+amZmZmZnZPwAAAAAAAOA/MzMzMzMz4z9mZmZmZmbmP5qZmZmZmek/zczMzMzM7D8AAAAAAADwP5qZmZmZmfE/MzMzMzMz8z/NzMzMzMz0P2ZmZmZmZvY/AAAAAAAA+D+amZmZmZn5PzMzMzMzM/s/zczMzMzM/D9mZmZmZmb+PwAAAAAAAABAzczMzMzMAECamZmZmZkBQGZmZmZmZgJAMzMzMzMzA0AAAAAAAAAEQM3MzMzMzARAmpmZmZmZBUBmZmZmZmYGQDMzMzMzMwdAAAAAAAAACEDNzMzMzMwIQJqZmZmZmQlAZmZmZmZmCkAzMzMzMzMLQAAAAAAAAAxAzczMzMzMDECamZmZmZkNQGZmZmZmZg5AMzMzMzMzD0AAAAAAAAAQQGZmZmZmZhBAzczMzMzMEEAzMzMzMzMRQJqZmZmZmRFAAAAAAAAAEkBmZmZmZmYSQM3MzMzMzBJAMzMzMzMzE0CamZmZmZkTQAAAAAAAABRAZmZmZmZmFEDNzMzMzMwUQDMzMzMzMxVAmpmZmZmZFUAAAAAAAAAWQGZmZmZmZhZAzczMzMzMFkAzMzMzMzMXQJqZmZmZmRdAAAAAAAAAGEBmZmZmZmYYQM3MzMzMzBhAMzMzMzMzGUCamZmZmZkZQAAAAAAAABpAZmZmZmZmGkDNzMzMzMwaQDMzMzMzMxtAmpmZmZmZG0AAAAAAAAAcQGZmZmZmZhxAzczMzMzMHEAzMzMzMzMdQJqZmZmZmR1AAAAAAAAAHkBmZmZmZmYeQM3MzMzMzB5AMzMzMzMzH0CamZmZmZkfQAAAAAAAACBAMzMzMzMzIEBmZmZmZmYgQJqZmZmZmSBAzczMzMzMIEAAAAAAAAAhQDMzMzMzMyFAZmZmZmZmIUCamZmZmZkhQM3MzMzMzCFAAAAAAAAAIkAzMzMzMzMiQGZmZmZmZiJAmpmZmZmZIkDNzMzMzMwiQAAAAAAAACNAMzMzMzMzI0BmZmZmZmYjQJqZmZmZmSNAzczMzMzMI0AAAAAAAAAkQDMzMzMzMyRAZmZmZmZmJECamZmZmZkkQM3MzMzMzCRAAAAAAAAAJUAzMzMzMzMlQGZmZmZmZiVAmpmZmZmZJUDNzMzMzMwlQAAAAAAAACZAMzMzMzMzJkBmZmZmZmYmQJqZmZmZmSZAzczMzMzMJkAAAAAAAAAnQDMzMzMzMydAZmZmZmZmJ0CamZmZmZknQM3MzMzMzCdAAAAAAAAAKEAzMzMzMzMoQGZmZmZmZihAmpmZmZmZKEDNzMzMzMwoQAAAAAAAAClAMzMzMzMzKUBmZmZmZmYpQJqZmZmZmSlAzczMzMzMKUAAAAAAAAAqQDMzMzMzMypAZmZmZmZmKkCamZmZmZkqQM3MzMzMzCpAAAAAAAAAK0AzMzMzMzMrQGZmZmZmZitAmpmZmZmZK0DNzMzMzMwrQAAAAAAAACxAMzMzMzMzLEBmZmZmZmYsQJqZmZmZmSxAzczMzMzMLEAAAAAAAAAtQDMzMzMzMy1AZmZmZmZmLUCamZmZmZktQM3MzMzMzC1AAAAAAAAALkAzMzMzMzMuQGZmZmZmZi5AmpmZmZmZLkDNzMzMzMwuQAAAAAAAAC9AMzMzMzMzL0BmZmZmZmYvQJqZmZmZmS9AzczMzMzML0AAAAAAAAAwQJqZmZmZGTBAMzMzMzMzMEDNzMzMzEwwQGZmZmZmZjBAAAAAAACAMECamZmZmZkwQDMzMzMzszBAzczMzMzMMEBmZmZmZuYwQAAAAAAAADFAmpmZmZkZMUAzMzMzMzMxQM3MzMzMTDFAZmZmZmZmMUAAAAAAAIAxQJqZmZmZmTFAMzMzMzOzMUDNzMzMzMwxQGZmZmZm5jFAAAAAAAAAMkCamZmZmRkyQDMzMzMzMzJAzczMzMxMMkBmZmZmZmYyQAAAAAAAgDJAmpmZmZmZMkAzMzMzM7MyQM3MzMzMzDJAZmZmZmbmMkAAAAAAAAAzQJqZmZmZGTNAMzMzMzMzM0DNzMzMzEwzQGZmZmZmZjNAAAAAAACAM0CamZmZmZkzQDMzMzMzszNAzczMzMzMM0BmZmZmZuYzQAAAAAAAADRAmpmZmZkZNEAzMzMzMzM0QM3MzMzMTDRAZmZmZmZmNEAAAAAAAIA0QJqZmZmZmTRAMzMzMzOzNEDNzMzMzMw0QGZmZmZm5jRAAAAAAAAANUCamZmZmRk1QDMzMzMzMzVAzczMzMxMNUBmZmZmZmY1QAAAAAAAgDVAmpmZmZmZNUAzMzMzM7M1QM3MzMzMzDVAZmZmZmbmNUAAAAAAAAA2QJqZmZmZGTZAMzMzMzMzNkDNzMzMzEw2QGZmZmZmZjZAAAAAAACANkCamZmZmZk2QDMzMzMzszZAzczMzMzMNkBmZmZmZuY2QAAAAAAAADdAmpmZmZkZN0AzMzMzMzM3QM3MzMzMTDdAZmZmZmZmN0AAAAAAAIA3QJqZmZmZmTdAMzMzMzOzN0DNzMzMzMw3QGZmZmZm5jdAAAAAAAAAOECamZmZmRk4QDMzMzMzMzhAzczMzMxMOEBmZmZmZmY4QAAAAAAAgDhAmpmZmZmZOEAzMzMzM7M4QM3MzMzMzDhAZmZmZmbmOEAAAAAAAAA5QJqZmZmZGTlAMzMzMzMzOUDNzMzMzEw5QGZmZmZmZjlAAAAAAACAOUCamZmZmZk5QDMzMzMzszlAzczMzMzMOUBmZmZmZuY5QAAAAAAAADpAmpmZmZkZOkAzMzMzMzM6QM3MzMzMTDpAZmZmZmZmOkAAAAAAAIA6QJqZmZmZmTpAMzMzMzOzOkDNzMzMzMw6QGZmZmZm5jpAAAAAAAAAO0CamZmZmRk7QDMzMzMzMztAzczMzMxMO0BmZmZmZmY7QAAAAAAAgDtAmpmZmZmZO0AzMzMzM7M7QM3MzMzMzDtAZmZmZmbmO0AAAAAAAAA8QJqZmZmZGTxAMzMzMzMzPEDNzMzMzEw8QGZmZmZmZjxAAAAAAACAPECamZmZmZk8QDMzMzMzszxAzczMzMzMPEBmZmZmZuY8QAAAAAAAAD1AmpmZmZkZPUAzMzMzMzM9QM3MzMzMTD1AZmZmZmZmPUAAAAAAAIA9QJqZmZmZmT1AMzMzMzOzPUDNzMzMzMw9QGZmZmZm5j1AAAAAAAAAPkCamZmZmRk+QDMzMzMzMz5AzczMzMxMPkBmZmZmZmY+QAAAAAAAgD5AmpmZmZmZPkAzMzMzM7M+QM3MzMzMzD5AZmZmZmbmPkAAAAAAAAA/QJqZmZmZGT9AMzMzMzMzP0DNzMzMzEw/QGZmZmZmZj9AAAAAAACAP0CamZmZmZk/QDMzMzMzsz9AzczMzMzMP0BmZmZmZuY/QAAAAAAAAEBAzczMzMwMQECamZmZmRlAQGZmZmZmJkBAMzMzMzMzQEAAAAAAAEBAQM3MzMzMTEBAmpmZmZlZQEBmZmZmZmZAQDMzMzMzc0BAAAAAAACAQEDNzMzMzIxAQJqZmZmZmUBAZmZmZmamQEAzMzMzM7NAQAAAAAAAwEBAzczMzMzMQECamZmZmdlAQGZmZmZm5kBAMzMzMzPzQEAAAAAAAABBQM3MzMzMDEFAmpmZmZkZQUBmZmZmZiZBQDMzMzMzM0FAAAAAAABAQUDNzMzMzExBQJqZmZmZWUFAZmZmZmZmQUAzMzMzM3NBQAAAAAAAgEFAzczMzMyMQUCamZmZmZlBQGZmZmZmpkFAMzMzMzOzQUAAAAAAAMBBQM3MzMzMzEFAmpmZmZnZQUBmZmZmZuZBQDMzMzMz80FAAAAAAAAAQkDNzMzMzAxCQJqZmZmZGUJAZmZmZmYmQkAzMzMzMzNCQAAAAAAAQEJAzczMzMxMQkCamZmZmVlCQGZmZmZmZkJAMzMzMzNzQkAAAAAAAIBCQM3MzMzMjEJAmpmZmZmZQkBmZmZmZqZCQDMzMzMzs0JAAAAAAADAQkDNzMzMzMxCQJqZmZmZ2UJAZmZmZmbmQkAzMzMzM/NCQAAAAAAAAENAzczMzMwMQ0CamZmZmRlDQGZmZmZmJkNAMzMzMzMzQ0AAAAAAAEBDQM3MzMzMTENAmpmZmZlZQ0BmZmZmZmZDQDMzMzMzc0NAAAAAAACAQ0DNzMzMzIxDQJqZmZmZmUNAZmZmZmamQ0AzMzMzM7NDQAAAAAAAwENAzczMzMzMQ0CamZmZmdlDQGZmZmZm5kNAMzMzMzPzQ0AAAAAAAABEQM3MzMzMDERAmpmZmZkZREBmZmZmZiZEQDMzMzMzM0RAAAAAAABAREDNzMzMzExEQJqZmZmZWURAZmZmZmZmREAzMzMzM3NEQAAAAAAAgERAzczMzMyMRECamZmZmZlEQGZmZmZmpkRAMzMzMzOzREAAAAAAAMBEQM3MzMzMzERAmpmZmZnZREBmZmZmZuZEQDMzMzMz80RAAAAAAAAARUDNzMzMzAxFQJqZmZmZGUVAZmZmZmYmRUAzMzMzMzNFQAAAAAAAQEVAzczMzMxMRUCamZmZmVlFQGZmZmZmZkVAMzMzMzNzRUAAAAAAAIBFQM3MzMzMjEVAmpmZmZmZRUBmZmZmZqZFQDMzMzMzs0VAAAAAAADARUDNzMzMzMxFQJqZmZmZ2UVAZmZmZmbmRUAzMzMzM/NFQAAAAAAAAEZAzczMzMwMRkCamZmZmRlGQGZmZmZmJkZAMzMzMzMzRkAAAAAAAEBGQM3MzMzMTEZAmpmZmZlZRkBmZmZmZmZGQDMzMzMzc0ZAAAAAAACARkDNzMzMzIxGQJqZmZmZmUZAZmZmZmamRkAzMzMzM7NGQAAAAAAAwEZAzczMzMzMRkCamZmZmdlGQGZmZmZm5kZAMzMzMzPzRkAAAAAAAABHQM3MzMzMDEdAmpmZmZkZR0BmZmZmZiZHQDMzMzMzM0dAAAAAAABAR0DNzMzMzExHQJqZmZmZWUdAZmZmZmZmR0AzMzMzM3NHQAAAAAAAgEdAzczMzMyMR0CamZmZmZlHQGZmZmZmpkdAMzMzMzOzR0AAAAAAAMBHQM3MzMzMzEdAmpmZmZnZR0BmZmZmZuZHQDMzMzMz80dAAAAAAAAASEDNzMzMzAxIQJqZmZmZGUhAZmZmZmYmSEAzMzMzMzNIQAAAAAAAQEhAzczMzMxMSECamZmZmVlIQGZmZmZmZkhAMzMzMzNzSEAAAAAAAIBIQM3MzMzMjEhAmpmZmZmZSEBmZmZmZqZIQDMzMzMzs0hAAAAAAADASEDNzMzMzMxIQJqZmZmZ2UhAZmZmZmbmSEAzMzMzM/NIQAAAAAAAAElAzczMzMwMSUCamZmZmRlJQGZmZmZmJklAMzMzMzMzSUAAAAAAAEBJQM3MzMzMTElAmpmZmZlZSUBmZmZmZmZJQDMzMzMzc0lAAAAAAACASUDNzMzMzIxJQJqZmZmZmUlAZmZmZmamSUAzMzMzM7NJQAAAAAAAwElAzczMzMzMSUCamZmZmdlJQGZmZmZm5klAMzMzMzPzSUAAAAAAAABKQM3MzMzMDEpAmpmZmZkZSkBmZmZmZiZKQDMzMzMzM0pAAAAAAABASkDNzMzMzExKQJqZmZmZWUpAZmZmZmZmSkAzMzMzM3NKQAAAAAAAgEpAzczMzMyMSkCamZmZmZlKQGZmZmZmpkpAMzMzMzOzSkAAAAAAAMBKQM3MzMzMzEpAmpmZmZnZSkBmZmZmZuZKQDMzMzMz80pAAAAAAAAAS0DNzMzMzAxLQJqZmZmZGUtAZmZmZmYmS0AzMzMzMzNLQAAAAAAAQEtAzczMzMxMS0CamZmZmVlLQGZmZmZmZktAMzMzMzNzS0AAAAAAAIBLQM3MzMzMjEtAmpmZmZmZS0BmZmZmZqZLQDMzMzMzs0tAAAAAAADAS0DNzMzMzMxLQJqZmZmZ2UtAZmZmZmbmS0AzMzMzM/NLQAAAAAAAAExAzczMzMwMTECamZmZmRlMQGZmZmZmJkxAMzMzMzMzTEAAAAAAAEBMQM3MzMzMTExAmpmZmZlZTEBmZmZmZmZMQDMzMzMzc0xAAAAAAACATEDNzMzMzIxMQJqZmZmZmUxAZmZmZmamTEAzMzMzM7NMQAAAAAAAwExAzczMzMzMTECamZmZmdlMQGZmZmZm5kxAMzMzMzPzTEAAAAAAAABNQM3MzMzMDE1AmpmZmZkZTUBmZmZmZiZNQDMzMzMzM01AAAAAAABATUDNzMzMzExNQJqZmZmZWU1AZmZmZmZmTUAzMzMzM3NNQAAAAAAAgE1AzczMzMyMTUCamZmZmZlNQGZmZmZmpk1AMzMzMzOzTUAAAAAAAMBNQM3MzMzMzE1AmpmZmZnZTUBmZmZmZuZNQDMzMzMz801A"}');
INSERT INTO antelop_ingest_behaviour.world (experimenter, experiment_id, session_id, behaviourrig_id, dlc_training) VALUES ('lab', 1, 41, 1, 'False');
INSERT INTO antelop_ingest_behaviour."~lineage" (table_name, attribute_name, lineage) VALUES ('behaviour_rig', 'experimenter', 'antelop_ingest_metadata.experimenter.experimenter');
INSERT INTO antelop_ingest_behaviour."~lineage" (table_name, attribute_name, lineage) VALUES ('behaviour_rig', 'behaviourrig_id', 'antelop_ingest_behaviour.behaviour_rig.behaviourrig_id');
INSERT INTO antelop_ingest_behaviour."~lineage" (table_name, attribute_name, lineage) VALUES ('mask_function', 'experimenter', 'antelop_ingest_metadata.experimenter.experimenter');
INSERT INTO antelop_ingest_behaviour."~lineage" (table_name, attribute_name, lineage) VALUES ('mask_function', 'behaviourrig_id', 'antelop_ingest_behaviour.behaviour_rig.behaviourrig_id');
INSERT INTO antelop_ingest_behaviour."~lineage" (table_name, attribute_name, lineage) VALUES ('mask_function', 'mask_id', 'antelop_ingest_behaviour.mask_function.mask_id');
INSERT INTO antelop_ingest_behaviour."~lineage" (table_name, attribute_name, lineage) VALUES ('feature', 'experimenter', 'antelop_ingest_metadata.experimenter.experimenter');
INSERT INTO antelop_ingest_behaviour."~lineage" (table_name, attribute_name, lineage) VALUES ('feature', 'behaviourrig_id', 'antelop_ingest_behaviour.behaviour_rig.behaviourrig_id');
INSERT INTO antelop_ingest_behaviour."~lineage" (table_name, attribute_name, lineage) VALUES ('feature', 'feature_id', 'antelop_ingest_behaviour.feature.feature_id');
INSERT INTO antelop_ingest_behaviour."~lineage" (table_name, attribute_name, lineage) VALUES ('world', 'experimenter', 'antelop_ingest_metadata.experimenter.experimenter');
INSERT INTO antelop_ingest_behaviour."~lineage" (table_name, attribute_name, lineage) VALUES ('world', 'experiment_id', 'antelop_ingest_metadata.experiment.experiment_id');
INSERT INTO antelop_ingest_behaviour."~lineage" (table_name, attribute_name, lineage) VALUES ('world', 'session_id', 'antelop_ingest_metadata.session.session_id');
INSERT INTO antelop_ingest_behaviour."~lineage" (table_name, attribute_name, lineage) VALUES ('world', 'behaviourrig_id', 'antelop_ingest_behaviour.behaviour_rig.behaviourrig_id');
INSERT INTO antelop_ingest_behaviour."~lineage" (table_name, attribute_name, lineage) VALUES ('self', 'experimenter', 'antelop_ingest_metadata.experimenter.experimenter');
INSERT INTO antelop_ingest_behaviour."~lineage" (table_name, attribute_name, lineage) VALUES ('self', 'experiment_id', 'antelop_ingest_metadata.experiment.experiment_id');
INSERT INTO antelop_ingest_behaviour."~lineage" (table_name, attribute_name, lineage) VALUES ('self', 'session_id', 'antelop_ingest_metadata.session.session_id');
INSERT INTO antelop_ingest_behaviour."~lineage" (table_name, attribute_name, lineage) VALUES ('self', 'animal_id', 'antelop_ingest_metadata.animal.animal_id');
INSERT INTO antelop_ingest_behaviour."~lineage" (table_name, attribute_name, lineage) VALUES ('video', 'experimenter', 'antelop_ingest_metadata.experimenter.experimenter');
INSERT INTO antelop_ingest_behaviour."~lineage" (table_name, attribute_name, lineage) VALUES ('video', 'experiment_id', 'antelop_ingest_metadata.experiment.experiment_id');
INSERT INTO antelop_ingest_behaviour."~lineage" (table_name, attribute_name, lineage) VALUES ('video', 'session_id', 'antelop_ingest_metadata.session.session_id');
INSERT INTO antelop_ingest_behaviour."~lineage" (table_name, attribute_name, lineage) VALUES ('video', 'video_id', 'antelop_ingest_behaviour.video.video_id');
INSERT INTO antelop_ingest_behaviour."~lineage" (table_name, attribute_name, lineage) VALUES ('object', 'experimenter', 'antelop_ingest_metadata.experimenter.experimenter');
INSERT INTO antelop_ingest_behaviour."~lineage" (table_name, attribute_name, lineage) VALUES ('object', 'experiment_id', 'antelop_ingest_metadata.experiment.experiment_id');
INSERT INTO antelop_ingest_behaviour."~lineage" (table_name, attribute_name, lineage) VALUES ('object', 'session_id', 'antelop_ingest_metadata.session.session_id');
INSERT INTO antelop_ingest_behaviour."~lineage" (table_name, attribute_name, lineage) VALUES ('object', 'behaviourrig_id', 'antelop_ingest_behaviour.behaviour_rig.behaviourrig_id');
INSERT INTO antelop_ingest_behaviour."~lineage" (table_name, attribute_name, lineage) VALUES ('object', 'feature_id', 'antelop_ingest_behaviour.feature.feature_id');
INSERT INTO antelop_ingest_behaviour."~lineage" (table_name, attribute_name, lineage) VALUES ('object', 'animal_id', 'antelop_ingest_metadata.animal.animal_id');
INSERT INTO antelop_ingest_behaviour."~lineage" (table_name, attribute_name, lineage) VALUES ('analog_events', 'experimenter', 'antelop_ingest_metadata.experimenter.experimenter');
INSERT INTO antelop_ingest_behaviour."~lineage" (table_name, attribute_name, lineage) VALUES ('analog_events', 'experiment_id', 'antelop_ingest_metadata.experiment.experiment_id');
INSERT INTO antelop_ingest_behaviour."~lineage" (table_name, attribute_name, lineage) VALUES ('analog_events', 'session_id', 'antelop_ingest_metadata.session.session_id');
INSERT INTO antelop_ingest_behaviour."~lineage" (table_name, attribute_name, lineage) VALUES ('analog_events', 'behaviourrig_id', 'antelop_ingest_behaviour.behaviour_rig.behaviourrig_id');
INSERT INTO antelop_ingest_behaviour."~lineage" (table_name, attribute_name, lineage) VALUES ('analog_events', 'feature_id', 'antelop_ingest_behaviour.feature.feature_id');
INSERT INTO antelop_ingest_behaviour."~lineage" (table_name, attribute_name, lineage) VALUES ('analog_events', 'animal_id', 'antelop_ingest_metadata.animal.animal_id');
INSERT INTO antelop_ingest_behaviour."~lineage" (table_name, attribute_name, lineage) VALUES ('digital_events', 'experimenter', 'antelop_ingest_metadata.experimenter.experimenter');
INSERT INTO antelop_ingest_behaviour."~lineage" (table_name, attribute_name, lineage) VALUES ('digital_events', 'experiment_id', 'antelop_ingest_metadata.experiment.experiment_id');
INSERT INTO antelop_ingest_behaviour."~lineage" (table_name, attribute_name, lineage) VALUES ('digital_events', 'session_id', 'antelop_ingest_metadata.session.session_id');
INSERT INTO antelop_ingest_behaviour."~lineage" (table_name, attribute_name, lineage) VALUES ('digital_events', 'behaviourrig_id', 'antelop_ingest_behaviour.behaviour_rig.behaviourrig_id');
INSERT INTO antelop_ingest_behaviour."~lineage" (table_name, attribute_name, lineage) VALUES ('digital_events', 'feature_id', 'antelop_ingest_behaviour.feature.feature_id');
INSERT INTO antelop_ingest_behaviour."~lineage" (table_name, attribute_name, lineage) VALUES ('digital_events', 'animal_id', 'antelop_ingest_metadata.animal.animal_id');
INSERT INTO antelop_ingest_behaviour."~lineage" (table_name, attribute_name, lineage) VALUES ('interval_events', 'experimenter', 'antelop_ingest_metadata.experimenter.experimenter');
INSERT INTO antelop_ingest_behaviour."~lineage" (table_name, attribute_name, lineage) VALUES ('interval_events', 'experiment_id', 'antelop_ingest_metadata.experiment.experiment_id');
INSERT INTO antelop_ingest_behaviour."~lineage" (table_name, attribute_name, lineage) VALUES ('interval_events', 'session_id', 'antelop_ingest_metadata.session.session_id');
INSERT INTO antelop_ingest_behaviour."~lineage" (table_name, attribute_name, lineage) VALUES ('interval_events', 'behaviourrig_id', 'antelop_ingest_behaviour.behaviour_rig.behaviourrig_id');
INSERT INTO antelop_ingest_behaviour."~lineage" (table_name, attribute_name, lineage) VALUES ('interval_events', 'feature_id', 'antelop_ingest_behaviour.feature.feature_id');
INSERT INTO antelop_ingest_behaviour."~lineage" (table_name, attribute_name, lineage) VALUES ('interval_events', 'animal_id', 'antelop_ingest_metadata.animal.animal_id');
INSERT INTO antelop_ingest_behaviour."~lineage" (table_name, attribute_name, lineage) VALUES ('kinematics', 'experimenter', 'antelop_ingest_metadata.experimenter.experimenter');
INSERT INTO antelop_ingest_behaviour."~lineage" (table_name, attribute_name, lineage) VALUES ('kinematics', 'experiment_id', 'antelop_ingest_metadata.experiment.experiment_id');
INSERT INTO antelop_ingest_behaviour."~lineage" (table_name, attribute_name, lineage) VALUES ('kinematics', 'session_id', 'antelop_ingest_metadata.session.session_id');
INSERT INTO antelop_ingest_behaviour."~lineage" (table_name, attribute_name, lineage) VALUES ('kinematics', 'behaviourrig_id', 'antelop_ingest_behaviour.behaviour_rig.behaviourrig_id');
INSERT INTO antelop_ingest_behaviour."~lineage" (table_name, attribute_name, lineage) VALUES ('kinematics', 'feature_id', 'antelop_ingest_behaviour.feature.feature_id');
INSERT INTO antelop_ingest_behaviour."~lineage" (table_name, attribute_name, lineage) VALUES ('kinematics', 'animal_id', 'antelop_ingest_metadata.animal.animal_id');
INSERT INTO antelop_ingest_behaviour."~lineage" (table_name, attribute_name, lineage) VALUES ('kinematics', 'video_id', 'antelop_ingest_behaviour.video.video_id');
INSERT INTO antelop_ingest_behaviour."~lineage" (table_name, attribute_name, lineage) VALUES ('mask', 'experimenter', 'antelop_ingest_metadata.experimenter.experimenter');
INSERT INTO antelop_ingest_behaviour."~lineage" (table_name, attribute_name, lineage) VALUES ('mask', 'experiment_id', 'antelop_ingest_metadata.experiment.experiment_id');
INSERT INTO antelop_ingest_behaviour."~lineage" (table_name, attribute_name, lineage) VALUES ('mask', 'session_id', 'antelop_ingest_metadata.session.session_id');
INSERT INTO antelop_ingest_behaviour."~lineage" (table_name, attribute_name, lineage) VALUES ('mask', 'behaviourrig_id', 'antelop_ingest_behaviour.behaviour_rig.behaviourrig_id');
INSERT INTO antelop_ingest_behaviour."~lineage" (table_name, attribute_name, lineage) VALUES ('mask', 'mask_id', 'antelop_ingest_behaviour.mask_function.mask_id');
INSERT INTO antelop_ingest_ingest._ingestion (delivery_id, experimenter, experiment_id, session_id, fingerprint, nwb_identifier, nwb_object_id, nwb_sha256, rows_inserted, trials, bytes, seconds, software, warnings, ingested) VALUES ('c391cff9acff6381c6322e5ca76ea2cf', 'lab', 1, 41, 'f806788843c890c847b40bea3ffd13910946328a128a3d539eb723e51c7893f6', 'licking-0', '84a4b4c8-34bb-5f75-8abc-34ca17d07a4d', NULL, '{"Self": 2, "Video": 1, "World": 1, "Object": 10, "Kinematics": 2, "AnalogEvents": 1, "DigitalEvents": 2, "IntervalEvents": 4}', '{"trials": 10}', 57320, 0.2616896560002715, '0.1.0', '[]', '2026-11-30 19:22:37.484539');
INSERT INTO antelop_ingest_ingest.attempt (delivery_id, attempt_id, outcome, sentence, problems, decided_by, traceback, attempted, seconds) VALUES ('20cd938a2ea64f612b3523bc9219130c', 1, 'rejected', 'it is a text', '[{"what": "w", "check": "json", "where": "", "remedy": "r"}]', '', NULL, '2026-11-20 12:00:00', 0.5);
INSERT INTO antelop_ingest_ingest.attempt (delivery_id, attempt_id, outcome, sentence, problems, decided_by, traceback, attempted, seconds) VALUES ('5d28a90f4498a81461efbaf6f628a19d', 1, 'failed', 'it is a text', '[{"what": "w", "check": "json", "where": "", "remedy": "r"}]', '', NULL, '2026-11-20 12:00:00', 0.5);
INSERT INTO antelop_ingest_ingest.delivery (delivery_id, folder, manifest_path, manifest_size, manifest_mtime, nwb_path, nwb_size, nwb_mtime, manifest, videos, state, received, readied, finished) VALUES ('c391cff9acff6381c6322e5ca76ea2cf', '', '', 0, 0, '/data/day.nwb', 299116, 1796066557219669354, '{"animals": [{"animal_id": 17, "experimenter": "lab", "experiment_id": 1}, {"animal_id": 18, "experimenter": "lab", "experiment_id": 1}], "session": {"session_id": 41, "experimenter": "lab", "experiment_id": 1}, "version": "1.0", "specification": "antelop-manifest"}', NULL, 'ingested', '2026-11-30 19:22:37.484539', '2026-11-30 19:22:37.484539', '2026-11-30 19:22:37.484539');
INSERT INTO antelop_ingest_ingest.delivery (delivery_id, folder, manifest_path, manifest_size, manifest_mtime, nwb_path, nwb_size, nwb_mtime, manifest, videos, state, received, readied, finished) VALUES ('b24d6d33736ecd5604a4b17bc9c64810', 'rig', 'ready.manifest.json', 10, 1, 'ready.nwb', 100, 2, '{"text": "no manifest"}', NULL, 'ready', '2026-11-20 12:00:00', '2026-11-20 12:00:00', NULL);
INSERT INTO antelop_ingest_ingest.delivery (delivery_id, folder, manifest_path, manifest_size, manifest_mtime, nwb_path, nwb_size, nwb_mtime, manifest, videos, state, received, readied, finished) VALUES ('80cfa3e7f28dde4df64436b652230aff', 'rig', 'waiting.manifest.json', 10, 1, 'waiting.nwb', 100, 2, '{"text": "no manifest"}', NULL, 'waiting', '2026-11-20 12:00:00', '2026-11-20 12:00:00', NULL);
INSERT INTO antelop_ingest_ingest.delivery (delivery_id, folder, manifest_path, manifest_size, manifest_mtime, nwb_path, nwb_size, nwb_mtime, manifest, videos, state, received, readied, finished) VALUES ('20cd938a2ea64f612b3523bc9219130c', 'rig', 'rejected.manifest.json', 10, 1, 'rejected.nwb', 100, 2, '{"text": "no manifest"}', NULL, 'rejected', '2026-11-20 12:00:00', '2026-11-20 12:00:00', '2026-11-20 12:00:00');
INSERT INTO antelop_ingest_ingest.delivery (delivery_id, folder, manifest_path, manifest_size, manifest_mtime, nwb_path, nwb_size, nwb_mtime, manifest, videos, state, received, readied, finished) VALUES ('5d28a90f4498a81461efbaf6f628a19d', 'rig', 'failed.manifest.json', 10, 1, 'failed.nwb', 100, 2, '{"text": "no manifest"}', NULL, 'failed', '2026-11-20 12:00:00', '2026-11-20 12:00:00', '2026-11-20 12:00:00');
INSERT INTO antelop_ingest_ingest.schema_version (schema_name, version, schema_id) VALUES ('antelop_ingest_metadata', 1, 'd2cac44b52154729b34728a141ba3f98');
INSERT INTO antelop_ingest_ingest.schema_version (schema_name, version, schema_id) VALUES ('antelop_ingest_behaviour', 1, '51a130c230634032bdb44a5d36848a5e');
INSERT INTO antelop_ingest_ingest.schema_version (schema_name, version, schema_id) VALUES ('antelop_ingest_ingest', 1, 'e0c80b01409f4ce996afb88680ecc944');
INSERT INTO antelop_ingest_ingest."~lineage" (table_name, attribute_name, lineage) VALUES ('schema_version', 'schema_name', 'antelop_ingest_ingest.schema_version.schema_name');
INSERT INTO antelop_ingest_ingest."~lineage" (table_name, attribute_name, lineage) VALUES ('delivery', 'delivery_id', 'antelop_ingest_ingest.delivery.delivery_id');
INSERT INTO antelop_ingest_ingest."~lineage" (table_name, attribute_name, lineage) VALUES ('_ingestion', 'delivery_id', 'antelop_ingest_ingest.delivery.delivery_id');
INSERT INTO antelop_ingest_ingest."~lineage" (table_name, attribute_name, lineage) VALUES ('_ingestion', 'experimenter', 'antelop_ingest_metadata.experimenter.experimenter');
INSERT INTO antelop_ingest_ingest."~lineage" (table_name, attribute_name, lineage) VALUES ('_ingestion', 'experiment_id', 'antelop_ingest_metadata.experiment.experiment_id');
INSERT INTO antelop_ingest_ingest."~lineage" (table_name, attribute_name, lineage) VALUES ('_ingestion', 'session_id', 'antelop_ingest_metadata.session.session_id');
INSERT INTO antelop_ingest_ingest."~lineage" (table_name, attribute_name, lineage) VALUES ('attempt', 'delivery_id', 'antelop_ingest_ingest.delivery.delivery_id');
INSERT INTO antelop_ingest_ingest."~lineage" (table_name, attribute_name, lineage) VALUES ('attempt', 'attempt_id', 'antelop_ingest_ingest.attempt.attempt_id');
INSERT INTO antelop_ingest_ingest."~lineage" (table_name, attribute_name, lineage) VALUES ('~~ingestion', 'delivery_id', 'antelop_ingest_ingest.~~ingestion.delivery_id');
INSERT INTO antelop_ingest_ingest."~~ingestion" (delivery_id, status, priority, created_time, scheduled_time, reserved_time, completed_time, duration, error_message, error_stack, "user", host, pid, connection_id, version) VALUES ('b24d6d33736ecd5604a4b17bc9c64810', 'pending', 5, '2026-11-30 19:22:37.513', '2026-11-30 19:22:37.513', NULL, NULL, NULL, '', NULL, '', '', 0, 0, '');
INSERT INTO antelop_ingest_ingest."~~ingestion" (delivery_id, status, priority, created_time, scheduled_time, reserved_time, completed_time, duration, error_message, error_stack, "user", host, pid, connection_id, version) VALUES ('5d28a90f4498a81461efbaf6f628a19d', 'pending', 5, '2026-11-30 19:22:37.55', '2026-11-30 19:22:37.55', NULL, NULL, NULL, '', NULL, '', '', 0, 0, '');
INSERT INTO antelop_ingest_metadata.animal (experimenter, experiment_id, animal_id, animal_name, species, sex, age, age_reference, genotype, weight, animal_notes) VALUES ('lab', 1, 17, 'm17', '', 'U', '', '', '', '', '');
INSERT INTO antelop_ingest_metadata.animal (experimenter, experiment_id, animal_id, animal_name, species, sex, age, age_reference, genotype, weight, animal_notes) VALUES ('lab', 1, 18, 'm18', '', 'U', '', '', '', '', '');
INSERT INTO antelop_ingest_metadata.experiment (experimenter, experiment_id, experiment_name, experiment_notes) VALUES ('lab', 1, 'licking', '');
INSERT INTO antelop_ingest_metadata.experimenter (experimenter, full_name, "group", institution, admin) VALUES ('lab', 'The lab', '', '', 'False');
INSERT INTO antelop_ingest_metadata.session (experimenter, experiment_id, session_id, session_name, session_timestamp, session_duration, session_notes) VALUES ('lab', 1, 41, 'day 41', NULL, NULL, '');
INSERT INTO antelop_ingest_metadata.session (experimenter, experiment_id, session_id, session_name, session_timestamp, session_duration, session_notes) VALUES ('lab', 1, 42, 'day 42', NULL, NULL, '');
INSERT INTO antelop_ingest_metadata.session (experimenter, experiment_id, session_id, session_name, session_timestamp, session_duration, session_notes) VALUES ('lab', 1, 43, 'day 43', NULL, NULL, '');
INSERT INTO antelop_ingest_metadata.session (experimenter, experiment_id, session_id, session_name, session_timestamp, session_duration, session_notes) VALUES ('lab', 1, 44, 'day 44', NULL, NULL, '');
INSERT INTO antelop_ingest_metadata."~lineage" (table_name, attribute_name, lineage) VALUES ('experimenter', 'experimenter', 'antelop_ingest_metadata.experimenter.experimenter');
INSERT INTO antelop_ingest_metadata."~lineage" (table_name, attribute_name, lineage) VALUES ('experiment', 'experimenter', 'antelop_ingest_metadata.experimenter.experimenter');
INSERT INTO antelop_ingest_metadata."~lineage" (table_name, attribute_name, lineage) VALUES ('experiment', 'experiment_id', 'antelop_ingest_metadata.experiment.experiment_id');
INSERT INTO antelop_ingest_metadata."~lineage" (table_name, attribute_name, lineage) VALUES ('animal', 'experimenter', 'antelop_ingest_metadata.experimenter.experimenter');
INSERT INTO antelop_ingest_metadata."~lineage" (table_name, attribute_name, lineage) VALUES ('animal', 'experiment_id', 'antelop_ingest_metadata.experiment.experiment_id');
INSERT INTO antelop_ingest_metadata."~lineage" (table_name, attribute_name, lineage) VALUES ('animal', 'animal_id', 'antelop_ingest_metadata.animal.animal_id');
INSERT INTO antelop_ingest_metadata."~lineage" (table_name, attribute_name, lineage) VALUES ('session', 'experimenter', 'antelop_ingest_metadata.experimenter.experimenter');
INSERT INTO antelop_ingest_metadata."~lineage" (table_name, attribute_name, lineage) VALUES ('session', 'experiment_id', 'antelop_ingest_metadata.experiment.experiment_id');
INSERT INTO antelop_ingest_metadata."~lineage" (table_name, attribute_name, lineage) VALUES ('session', 'session_id', 'antelop_ingest_metadata.session.session_id');
ALTER TABLE ONLY antelop_ingest_behaviour.analog_events
    ADD CONSTRAINT analog_events_pkey PRIMARY KEY (experimenter, experiment_id, session_id, behaviourrig_id, feature_id);
ALTER TABLE ONLY antelop_ingest_behaviour.behaviour_rig
    ADD CONSTRAINT behaviour_rig_pkey PRIMARY KEY (experimenter, behaviourrig_id);
ALTER TABLE ONLY antelop_ingest_behaviour.digital_events
    ADD CONSTRAINT digital_events_pkey PRIMARY KEY (experimenter, experiment_id, session_id, behaviourrig_id, feature_id);
ALTER TABLE ONLY antelop_ingest_behaviour.feature
    ADD CONSTRAINT feature_pkey PRIMARY KEY (experimenter, behaviourrig_id, feature_id);
ALTER TABLE ONLY antelop_ingest_behaviour.interval_events
    ADD CONSTRAINT interval_events_pkey PRIMARY KEY (experimenter, experiment_id, session_id, behaviourrig_id, feature_id);
ALTER TABLE ONLY antelop_ingest_behaviour.kinematics
    ADD CONSTRAINT kinematics_pkey PRIMARY KEY (experimenter, experiment_id, session_id, behaviourrig_id, feature_id);
ALTER TABLE ONLY antelop_ingest_behaviour.mask_function
    ADD CONSTRAINT mask_function_pkey PRIMARY KEY (experimenter, behaviourrig_id, mask_id);
ALTER TABLE ONLY antelop_ingest_behaviour.mask
    ADD CONSTRAINT mask_pkey PRIMARY KEY (experimenter, experiment_id, session_id, behaviourrig_id, mask_id);
ALTER TABLE ONLY antelop_ingest_behaviour.object
    ADD CONSTRAINT object_pkey PRIMARY KEY (experimenter, experiment_id, session_id, behaviourrig_id, feature_id);
ALTER TABLE ONLY antelop_ingest_behaviour.self
    ADD CONSTRAINT self_pkey PRIMARY KEY (experimenter, experiment_id, session_id, animal_id);
ALTER TABLE ONLY antelop_ingest_behaviour.video
    ADD CONSTRAINT video_pkey PRIMARY KEY (experimenter, experiment_id, session_id, video_id);
ALTER TABLE ONLY antelop_ingest_behaviour.world
    ADD CONSTRAINT world_pkey PRIMARY KEY (experimenter, experiment_id, session_id);
ALTER TABLE ONLY antelop_ingest_behaviour."~lineage"
    ADD CONSTRAINT "~lineage_pkey" PRIMARY KEY (table_name, attribute_name);
ALTER TABLE ONLY antelop_ingest_ingest._ingestion
    ADD CONSTRAINT _ingestion_pkey PRIMARY KEY (delivery_id);
ALTER TABLE ONLY antelop_ingest_ingest.attempt
    ADD CONSTRAINT attempt_pkey PRIMARY KEY (delivery_id, attempt_id);
ALTER TABLE ONLY antelop_ingest_ingest.delivery
    ADD CONSTRAINT delivery_pkey PRIMARY KEY (delivery_id);
ALTER TABLE ONLY antelop_ingest_ingest.schema_version
    ADD CONSTRAINT schema_version_pkey PRIMARY KEY (schema_name);
ALTER TABLE ONLY antelop_ingest_ingest."~lineage"
    ADD CONSTRAINT "~lineage_pkey" PRIMARY KEY (table_name, attribute_name);
ALTER TABLE ONLY antelop_ingest_ingest."~~ingestion"
    ADD CONSTRAINT "~~ingestion_pkey" PRIMARY KEY (delivery_id);
ALTER TABLE ONLY antelop_ingest_metadata.animal
    ADD CONSTRAINT animal_pkey PRIMARY KEY (experimenter, experiment_id, animal_id);
ALTER TABLE ONLY antelop_ingest_metadata.experiment
    ADD CONSTRAINT experiment_pkey PRIMARY KEY (experimenter, experiment_id);
ALTER TABLE ONLY antelop_ingest_metadata.experimenter
    ADD CONSTRAINT experimenter_pkey PRIMARY KEY (experimenter);
ALTER TABLE ONLY antelop_ingest_metadata.session
    ADD CONSTRAINT session_pkey PRIMARY KEY (experimenter, experiment_id, session_id);
ALTER TABLE ONLY antelop_ingest_metadata."~lineage"
    ADD CONSTRAINT "~lineage_pkey" PRIMARY KEY (table_name, attribute_name);
CREATE INDEX idx_01d4ce14d9ce34df70196bcc ON antelop_ingest_behaviour.interval_events USING btree (experimenter, experiment_id, session_id, animal_id);
CREATE INDEX idx_15b19ccdb7d86674b190a743 ON antelop_ingest_behaviour.analog_events USING btree (experimenter, experiment_id, session_id, animal_id);
CREATE UNIQUE INDEX idx_1724d9e0a755df4c4f71bd04 ON antelop_ingest_behaviour.mask_function USING btree (experimenter, behaviourrig_id, mask_name);
CREATE INDEX idx_36b43815e9723a75c55b4557 ON antelop_ingest_behaviour.object USING btree (experimenter, experiment_id, session_id, animal_id);
CREATE INDEX idx_438503618fcbce600a80b2ec ON antelop_ingest_behaviour.kinematics USING btree (experimenter, experiment_id, session_id, video_id);
CREATE UNIQUE INDEX idx_44308c01403b15029b68ca84 ON antelop_ingest_behaviour.behaviour_rig USING btree (experimenter, behaviourrig_name);
CREATE INDEX idx_50b8962e2f844b52aa7e7500 ON antelop_ingest_behaviour.mask USING btree (experimenter, behaviourrig_id, mask_id);
CREATE INDEX idx_62378c641cb8eb1a1c5792b6 ON antelop_ingest_behaviour.self USING btree (experimenter, experiment_id, animal_id);
CREATE INDEX idx_9e0a1443e30eb1d751acfca5 ON antelop_ingest_behaviour.world USING btree (experimenter, behaviourrig_id);
CREATE UNIQUE INDEX idx_9f0174a94fa8486c45a9f38e ON antelop_ingest_behaviour.feature USING btree (experimenter, behaviourrig_id, feature_name);
CREATE INDEX idx_a573df5f33016d0c47fbf9d0 ON antelop_ingest_behaviour.kinematics USING btree (experimenter, experiment_id, session_id, animal_id);
CREATE INDEX idx_b1cfd97ab515d980367c0d4d ON antelop_ingest_behaviour.object USING btree (experimenter, behaviourrig_id, feature_id);
CREATE INDEX idx_ca314a4eb185892126c9edfb ON antelop_ingest_behaviour.digital_events USING btree (experimenter, experiment_id, session_id, animal_id);
CREATE INDEX idx_4df229f42207da2b52be9cbb ON antelop_ingest_ingest.delivery USING btree (folder, manifest_path);
CREATE UNIQUE INDEX idx_7dd1f99c0f69bcd9d3d3ba4c ON antelop_ingest_ingest._ingestion USING btree (fingerprint);
CREATE INDEX idx_94197daa2ffeeb4c27f5747d ON antelop_ingest_ingest.delivery USING btree (state, folder);
CREATE INDEX idx_a0434cf2895326d181177b7f ON antelop_ingest_ingest.delivery USING btree (folder, nwb_path);
CREATE UNIQUE INDEX idx_c7dfe113d0500fd5b2187ec0 ON antelop_ingest_ingest._ingestion USING btree (experimenter, experiment_id, session_id);
CREATE INDEX idx_db4cc61d2b0f43dc0a29d2e8 ON antelop_ingest_ingest."~~ingestion" USING btree (status, priority, scheduled_time);
CREATE UNIQUE INDEX idx_18382f1745d34f6984c1c023 ON antelop_ingest_metadata.animal USING btree (experimenter, experiment_id, animal_name);
CREATE UNIQUE INDEX idx_1db12609503e2495d81879dd ON antelop_ingest_metadata.experiment USING btree (experimenter, experiment_name);
CREATE UNIQUE INDEX idx_b5ff1707ff5b445267e08988 ON antelop_ingest_metadata.session USING btree (experimenter, experiment_id, session_name);
ALTER TABLE ONLY antelop_ingest_behaviour.analog_events
    ADD CONSTRAINT analog_events_experimenter_experiment_id_session_id_animal_fkey FOREIGN KEY (experimenter, experiment_id, session_id, animal_id) REFERENCES antelop_ingest_behaviour.self(experimenter, experiment_id, session_id, animal_id) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY antelop_ingest_behaviour.analog_events
    ADD CONSTRAINT analog_events_experimenter_experiment_id_session_id_behavi_fkey FOREIGN KEY (experimenter, experiment_id, session_id, behaviourrig_id, feature_id) REFERENCES antelop_ingest_behaviour.object(experimenter, experiment_id, session_id, behaviourrig_id, feature_id) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY antelop_ingest_behaviour.behaviour_rig
    ADD CONSTRAINT behaviour_rig_experimenter_fkey FOREIGN KEY (experimenter) REFERENCES antelop_ingest_metadata.experimenter(experimenter) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY antelop_ingest_behaviour.digital_events
    ADD CONSTRAINT digital_events_experimenter_experiment_id_session_id_anima_fkey FOREIGN KEY (experimenter, experiment_id, session_id, animal_id) REFERENCES antelop_ingest_behaviour.self(experimenter, experiment_id, session_id, animal_id) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY antelop_ingest_behaviour.digital_events
    ADD CONSTRAINT digital_events_experimenter_experiment_id_session_id_behav_fkey FOREIGN KEY (experimenter, experiment_id, session_id, behaviourrig_id, feature_id) REFERENCES antelop_ingest_behaviour.object(experimenter, experiment_id, session_id, behaviourrig_id, feature_id) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY antelop_ingest_behaviour.feature
    ADD CONSTRAINT feature_experimenter_behaviourrig_id_fkey FOREIGN KEY (experimenter, behaviourrig_id) REFERENCES antelop_ingest_behaviour.behaviour_rig(experimenter, behaviourrig_id) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY antelop_ingest_behaviour.interval_events
    ADD CONSTRAINT interval_events_experimenter_experiment_id_session_id_anim_fkey FOREIGN KEY (experimenter, experiment_id, session_id, animal_id) REFERENCES antelop_ingest_behaviour.self(experimenter, experiment_id, session_id, animal_id) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY antelop_ingest_behaviour.interval_events
    ADD CONSTRAINT interval_events_experimenter_experiment_id_session_id_beha_fkey FOREIGN KEY (experimenter, experiment_id, session_id, behaviourrig_id, feature_id) REFERENCES antelop_ingest_behaviour.object(experimenter, experiment_id, session_id, behaviourrig_id, feature_id) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY antelop_ingest_behaviour.kinematics
    ADD CONSTRAINT kinematics_experimenter_experiment_id_session_id_animal_id_fkey FOREIGN KEY (experimenter, experiment_id, session_id, animal_id) REFERENCES antelop_ingest_behaviour.self(experimenter, experiment_id, session_id, animal_id) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY antelop_ingest_behaviour.kinematics
    ADD CONSTRAINT kinematics_experimenter_experiment_id_session_id_behaviour_fkey FOREIGN KEY (experimenter, experiment_id, session_id, behaviourrig_id, feature_id) REFERENCES antelop_ingest_behaviour.object(experimenter, experiment_id, session_id, behaviourrig_id, feature_id) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY antelop_ingest_behaviour.kinematics
    ADD CONSTRAINT kinematics_experimenter_experiment_id_session_id_video_id_fkey FOREIGN KEY (experimenter, experiment_id, session_id, video_id) REFERENCES antelop_ingest_behaviour.video(experimenter, experiment_id, session_id, video_id) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY antelop_ingest_behaviour.mask
    ADD CONSTRAINT mask_experimenter_behaviourrig_id_mask_id_fkey FOREIGN KEY (experimenter, behaviourrig_id, mask_id) REFERENCES antelop_ingest_behaviour.mask_function(experimenter, behaviourrig_id, mask_id) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY antelop_ingest_behaviour.mask
    ADD CONSTRAINT mask_experimenter_experiment_id_session_id_fkey FOREIGN KEY (experimenter, experiment_id, session_id) REFERENCES antelop_ingest_behaviour.world(experimenter, experiment_id, session_id) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY antelop_ingest_behaviour.mask_function
    ADD CONSTRAINT mask_function_experimenter_behaviourrig_id_fkey FOREIGN KEY (experimenter, behaviourrig_id) REFERENCES antelop_ingest_behaviour.behaviour_rig(experimenter, behaviourrig_id) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY antelop_ingest_behaviour.object
    ADD CONSTRAINT object_experimenter_behaviourrig_id_feature_id_fkey FOREIGN KEY (experimenter, behaviourrig_id, feature_id) REFERENCES antelop_ingest_behaviour.feature(experimenter, behaviourrig_id, feature_id) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY antelop_ingest_behaviour.object
    ADD CONSTRAINT object_experimenter_experiment_id_session_id_animal_id_fkey FOREIGN KEY (experimenter, experiment_id, session_id, animal_id) REFERENCES antelop_ingest_behaviour.self(experimenter, experiment_id, session_id, animal_id) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY antelop_ingest_behaviour.object
    ADD CONSTRAINT object_experimenter_experiment_id_session_id_fkey FOREIGN KEY (experimenter, experiment_id, session_id) REFERENCES antelop_ingest_behaviour.world(experimenter, experiment_id, session_id) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY antelop_ingest_behaviour.self
    ADD CONSTRAINT self_experimenter_experiment_id_animal_id_fkey FOREIGN KEY (experimenter, experiment_id, animal_id) REFERENCES antelop_ingest_metadata.animal(experimenter, experiment_id, animal_id) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY antelop_ingest_behaviour.self
    ADD CONSTRAINT self_experimenter_experiment_id_session_id_fkey FOREIGN KEY (experimenter, experiment_id, session_id) REFERENCES antelop_ingest_behaviour.world(experimenter, experiment_id, session_id) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY antelop_ingest_behaviour.video
    ADD CONSTRAINT video_experimenter_experiment_id_session_id_fkey FOREIGN KEY (experimenter, experiment_id, session_id) REFERENCES antelop_ingest_behaviour.world(experimenter, experiment_id, session_id) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY antelop_ingest_behaviour.world
    ADD CONSTRAINT world_experimenter_behaviourrig_id_fkey FOREIGN KEY (experimenter, behaviourrig_id) REFERENCES antelop_ingest_behaviour.behaviour_rig(experimenter, behaviourrig_id) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY antelop_ingest_behaviour.world
    ADD CONSTRAINT world_experimenter_experiment_id_session_id_fkey FOREIGN KEY (experimenter, experiment_id, session_id) REFERENCES antelop_ingest_metadata.session(experimenter, experiment_id, session_id) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY antelop_ingest_ingest._ingestion
    ADD CONSTRAINT _ingestion_delivery_id_fkey FOREIGN KEY (delivery_id) REFERENCES antelop_ingest_ingest.delivery(delivery_id) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY antelop_ingest_ingest._ingestion
    ADD CONSTRAINT _ingestion_experimenter_experiment_id_session_id_fkey FOREIGN KEY (experimenter, experiment_id, session_id) REFERENCES antelop_ingest_behaviour.world(experimenter, experiment_id, session_id) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY antelop_ingest_ingest.attempt
    ADD CONSTRAINT attempt_delivery_id_fkey FOREIGN KEY (delivery_id) REFERENCES antelop_ingest_ingest.delivery(delivery_id) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY antelop_ingest_metadata.animal
    ADD CONSTRAINT animal_experimenter_experiment_id_fkey FOREIGN KEY (experimenter, experiment_id) REFERENCES antelop_ingest_metadata.experiment(experimenter, experiment_id) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY antelop_ingest_metadata.experiment
    ADD CONSTRAINT experiment_experimenter_fkey FOREIGN KEY (experimenter) REFERENCES antelop_ingest_metadata.experimenter(experimenter) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY antelop_ingest_metadata.session
    ADD CONSTRAINT session_experimenter_experiment_id_fkey FOREIGN KEY (experimenter, experiment_id) REFERENCES antelop_ingest_metadata.experiment(experimenter, experiment_id) ON UPDATE CASCADE ON DELETE RESTRICT;
