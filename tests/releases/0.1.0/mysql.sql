CREATE DATABASE /*!32312 IF NOT EXISTS*/ `antelop_ingest_metadata` /*!40100 DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin */;
USE `antelop_ingest_metadata`;
CREATE TABLE `animal` (
  `experimenter` varchar(40) NOT NULL,
  `experiment_id` smallint(6) NOT NULL,
  `animal_id` int(11) NOT NULL COMMENT ':int32:',
  `animal_name` varchar(40) NOT NULL COMMENT ':varchar(40):',
  `species` varchar(40) NOT NULL DEFAULT '' COMMENT ':varchar(40):',
  `sex` enum('M','F','U','O') NOT NULL DEFAULT 'U' COMMENT ':enum(''M'', ''F'', ''U'', ''O''):',
  `age` varchar(20) NOT NULL DEFAULT '' COMMENT ':varchar(20):ISO 8601 duration, as in NWB',
  `age_reference` varchar(20) NOT NULL DEFAULT '' COMMENT ':varchar(20):birth or gestational, as in NWB',
  `genotype` varchar(100) NOT NULL DEFAULT '' COMMENT ':varchar(100):',
  `weight` varchar(20) NOT NULL DEFAULT '' COMMENT ':varchar(20):',
  `animal_notes` varchar(1000) NOT NULL DEFAULT '' COMMENT ':varchar(1000):',
  PRIMARY KEY (`experimenter`,`experiment_id`,`animal_id`),
  UNIQUE KEY `experimenter` (`experimenter`,`experiment_id`,`animal_name`),
  CONSTRAINT `animal_ibfk_1` FOREIGN KEY (`experimenter`, `experiment_id`) REFERENCES `experiment` (`experimenter`, `experiment_id`) ON UPDATE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
INSERT INTO `animal` VALUES ('lab',1,17,'m17','','U','','','','','');
INSERT INTO `animal` VALUES ('lab',1,18,'m18','','U','','','','','');
CREATE TABLE `experiment` (
  `experimenter` varchar(40) NOT NULL,
  `experiment_id` smallint(6) NOT NULL COMMENT ':int16:',
  `experiment_name` varchar(40) NOT NULL COMMENT ':varchar(40):',
  `experiment_notes` varchar(1000) NOT NULL DEFAULT '' COMMENT ':varchar(1000):',
  PRIMARY KEY (`experimenter`,`experiment_id`),
  UNIQUE KEY `experimenter` (`experimenter`,`experiment_name`),
  CONSTRAINT `experiment_ibfk_1` FOREIGN KEY (`experimenter`) REFERENCES `experimenter` (`experimenter`) ON UPDATE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
INSERT INTO `experiment` VALUES ('lab',1,'licking','');
CREATE TABLE `experimenter` (
  `experimenter` varchar(40) NOT NULL COMMENT ':varchar(40):',
  `full_name` varchar(40) NOT NULL COMMENT ':varchar(40):',
  `group` varchar(40) NOT NULL DEFAULT '' COMMENT ':varchar(40):',
  `institution` varchar(40) NOT NULL DEFAULT '' COMMENT ':varchar(40):',
  `admin` enum('False','True') NOT NULL DEFAULT 'False' COMMENT ':enum(''False'', ''True''):',
  PRIMARY KEY (`experimenter`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
INSERT INTO `experimenter` VALUES ('lab','The lab','','','False');
CREATE TABLE `session` (
  `experimenter` varchar(40) NOT NULL,
  `experiment_id` smallint(6) NOT NULL,
  `session_id` int(11) NOT NULL COMMENT ':int32:',
  `session_name` varchar(100) NOT NULL COMMENT ':varchar(100):',
  `session_timestamp` datetime DEFAULT NULL COMMENT ':datetime:',
  `session_duration` double DEFAULT NULL COMMENT ':float64:seconds',
  `session_notes` varchar(1000) NOT NULL DEFAULT '' COMMENT ':varchar(1000):',
  PRIMARY KEY (`experimenter`,`experiment_id`,`session_id`),
  UNIQUE KEY `experimenter` (`experimenter`,`experiment_id`,`session_name`),
  CONSTRAINT `session_ibfk_1` FOREIGN KEY (`experimenter`, `experiment_id`) REFERENCES `experiment` (`experimenter`, `experiment_id`) ON UPDATE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
INSERT INTO `session` VALUES ('lab',1,41,'day 41',NULL,NULL,'');
INSERT INTO `session` VALUES ('lab',1,42,'day 42',NULL,NULL,'');
INSERT INTO `session` VALUES ('lab',1,43,'day 43',NULL,NULL,'');
INSERT INTO `session` VALUES ('lab',1,44,'day 44',NULL,NULL,'');
CREATE TABLE `~lineage` (
  `table_name` varchar(64) NOT NULL COMMENT 'table name within the schema',
  `attribute_name` varchar(64) NOT NULL COMMENT 'attribute name',
  `lineage` varchar(255) NOT NULL COMMENT 'origin: schema.table.attribute',
  PRIMARY KEY (`table_name`,`attribute_name`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
INSERT INTO `~lineage` VALUES ('animal','animal_id','antelop_ingest_metadata.animal.animal_id');
INSERT INTO `~lineage` VALUES ('animal','experiment_id','antelop_ingest_metadata.experiment.experiment_id');
INSERT INTO `~lineage` VALUES ('animal','experimenter','antelop_ingest_metadata.experimenter.experimenter');
INSERT INTO `~lineage` VALUES ('experiment','experiment_id','antelop_ingest_metadata.experiment.experiment_id');
INSERT INTO `~lineage` VALUES ('experiment','experimenter','antelop_ingest_metadata.experimenter.experimenter');
INSERT INTO `~lineage` VALUES ('experimenter','experimenter','antelop_ingest_metadata.experimenter.experimenter');
INSERT INTO `~lineage` VALUES ('session','experiment_id','antelop_ingest_metadata.experiment.experiment_id');
INSERT INTO `~lineage` VALUES ('session','experimenter','antelop_ingest_metadata.experimenter.experimenter');
INSERT INTO `~lineage` VALUES ('session','session_id','antelop_ingest_metadata.session.session_id');
CREATE DATABASE /*!32312 IF NOT EXISTS*/ `antelop_ingest_behaviour` /*!40100 DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin */;
USE `antelop_ingest_behaviour`;
CREATE TABLE `analog_events` (
  `experimenter` varchar(40) NOT NULL,
  `experiment_id` smallint(6) NOT NULL,
  `session_id` int(11) NOT NULL,
  `behaviourrig_id` smallint(6) NOT NULL,
  `feature_id` int(11) NOT NULL,
  `animal_id` int(11) DEFAULT NULL,
  `analogevents_name` varchar(100) NOT NULL COMMENT ':varchar(100):',
  `data` longtext NOT NULL COMMENT ':<signal>:' CHECK (json_valid(`data`)),
  `timestamps` longtext NOT NULL COMMENT ':<signal>:seconds' CHECK (json_valid(`timestamps`)),
  `unit` varchar(100) NOT NULL DEFAULT '' COMMENT ':varchar(100):',
  `x_coordinate` double DEFAULT NULL COMMENT ':float64:',
  `y_coordinate` double DEFAULT NULL COMMENT ':float64:',
  `z_coordinate` double DEFAULT NULL COMMENT ':float64:',
  PRIMARY KEY (`experimenter`,`experiment_id`,`session_id`,`behaviourrig_id`,`feature_id`),
  KEY `experimenter` (`experimenter`,`experiment_id`,`session_id`,`animal_id`),
  CONSTRAINT `analog_events_ibfk_1` FOREIGN KEY (`experimenter`, `experiment_id`, `session_id`, `behaviourrig_id`, `feature_id`) REFERENCES `object` (`experimenter`, `experiment_id`, `session_id`, `behaviourrig_id`, `feature_id`) ON UPDATE CASCADE,
  CONSTRAINT `analog_events_ibfk_2` FOREIGN KEY (`experimenter`, `experiment_id`, `session_id`, `animal_id`) REFERENCES `self` (`experimenter`, `experiment_id`, `session_id`, `animal_id`) ON UPDATE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
INSERT INTO `analog_events` VALUES ('lab',1,41,1,5,17,'force','{\"kind\": \"scaled\", \"conversion\": 0.0005, \"offset\": 1.0, \"samples\": {\"kind\": \"npy\", \"dtype\": \"<i2\", \"shape\": [6000], \"path\": \"objects/39/b5/39b546cafead67f2fa2cba13570d30ae7dcf380b30e3ea910279a70ef8f4f01e.npy\", \"size\": 12128}}','{\"kind\": \"clock\", \"start\": 0.25, \"rate\": 100.0, \"count\": 6000}','N',NULL,NULL,NULL);
CREATE TABLE `behaviour_rig` (
  `experimenter` varchar(40) NOT NULL,
  `behaviourrig_id` smallint(6) NOT NULL COMMENT ':int16:',
  `behaviourrig_name` varchar(100) NOT NULL COMMENT ':varchar(100):',
  `rig_json` longtext NOT NULL COMMENT ':json:' CHECK (json_valid(`rig_json`)),
  PRIMARY KEY (`experimenter`,`behaviourrig_id`),
  UNIQUE KEY `experimenter` (`experimenter`,`behaviourrig_name`),
  CONSTRAINT `behaviour_rig_ibfk_1` FOREIGN KEY (`experimenter`) REFERENCES `antelop_ingest_metadata`.`experimenter` (`experimenter`) ON UPDATE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
INSERT INTO `behaviour_rig` VALUES ('lab',1,'licking rig','{\"specification\": \"antelop-behaviour\", \"version\": \"0.0.1\", \"reference_point\": \"top left corner of the arena\", \"features\": [{\"name\": \"led\", \"source\": {\"source_type\": \"acquisition\"}, \"ownership\": {\"ownership\": \"world\"}, \"data_type\": \"interval\", \"coordinates\": [100, 50, 0], \"description\": \"the LED above the port; it announces a trial\"}, {\"name\": \"port\", \"source\": {\"source_type\": \"acquisition\"}, \"ownership\": {\"ownership\": \"world\"}, \"data_type\": \"interval\", \"coordinates\": [200, 50, 0], \"description\": \"the port, while it is open\"}, {\"name\": \"lick\", \"source\": {\"source_type\": \"acquisition\"}, \"ownership\": {\"ownership\": \"self\", \"animal\": 1}, \"data_type\": \"digital\", \"description\": \"licks at the port; the value is the number of the sensor\'s segment\"}, {\"name\": \"reward\", \"source\": {\"source_type\": \"acquisition\"}, \"ownership\": {\"ownership\": \"world\"}, \"data_type\": \"digital\", \"coordinates\": [200, 50, 0], \"description\": \"drops of water from the port, in microlitres\"}, {\"name\": \"force\", \"source\": {\"source_type\": \"acquisition\"}, \"ownership\": {\"ownership\": \"self\", \"animal\": 1}, \"data_type\": \"analog\", \"description\": \"the force on the plate under the animal that licks\"}, {\"name\": \"tone\", \"source\": {\"source_type\": \"stimulus\"}, \"ownership\": {\"ownership\": \"world\"}, \"data_type\": \"interval\", \"coordinates\": [0, 0, 100.5], \"description\": \"a tone of 8 kHz; the port opens after it\"}, {\"name\": \"head\", \"source\": {\"source_type\": \"processing\", \"module\": \"behavior/Position\"}, \"ownership\": {\"ownership\": \"self\", \"animal\": 2}, \"data_type\": \"kinematics\", \"description\": \"the head of the animal that watches, tracked online\"}, {\"name\": \"nose\", \"source\": {\"source_type\": \"processing\", \"module\": \"behavior/PoseEstimation\", \"video\": \"camera\"}, \"ownership\": {\"ownership\": \"self\", \"animal\": 1}, \"data_type\": \"kinematics\", \"description\": \"the nose of the animal that licks, tracked in the film\"}, {\"name\": \"tail\", \"source\": {\"source_type\": \"deeplabcut\", \"video\": \"camera\"}, \"ownership\": {\"ownership\": \"self\", \"animal\": 2}, \"data_type\": \"kinematics\", \"description\": \"the tail of the animal that watches, to be tracked in the film later\"}, {\"name\": \"trials\", \"source\": {\"source_type\": \"intervals\"}, \"ownership\": {\"ownership\": \"world\"}, \"data_type\": \"interval\", \"description\": \"the trials as the acquisition software counts them\"}], \"videos\": [{\"name\": \"camera\", \"description\": \"the arena from above\", \"format\": \"avi\", \"reference_point\": \"top left\"}]}');
CREATE TABLE `digital_events` (
  `experimenter` varchar(40) NOT NULL,
  `experiment_id` smallint(6) NOT NULL,
  `session_id` int(11) NOT NULL,
  `behaviourrig_id` smallint(6) NOT NULL,
  `feature_id` int(11) NOT NULL,
  `animal_id` int(11) DEFAULT NULL,
  `digitalevents_name` varchar(100) NOT NULL COMMENT ':varchar(100):',
  `data` longtext NOT NULL COMMENT ':<signal>:' CHECK (json_valid(`data`)),
  `timestamps` longtext NOT NULL COMMENT ':<signal>:seconds' CHECK (json_valid(`timestamps`)),
  `unit` varchar(100) NOT NULL DEFAULT '' COMMENT ':varchar(100):',
  `x_coordinate` double DEFAULT NULL COMMENT ':float64:',
  `y_coordinate` double DEFAULT NULL COMMENT ':float64:',
  `z_coordinate` double DEFAULT NULL COMMENT ':float64:',
  PRIMARY KEY (`experimenter`,`experiment_id`,`session_id`,`behaviourrig_id`,`feature_id`),
  KEY `experimenter` (`experimenter`,`experiment_id`,`session_id`,`animal_id`),
  CONSTRAINT `digital_events_ibfk_1` FOREIGN KEY (`experimenter`, `experiment_id`, `session_id`, `behaviourrig_id`, `feature_id`) REFERENCES `object` (`experimenter`, `experiment_id`, `session_id`, `behaviourrig_id`, `feature_id`) ON UPDATE CASCADE,
  CONSTRAINT `digital_events_ibfk_2` FOREIGN KEY (`experimenter`, `experiment_id`, `session_id`, `animal_id`) REFERENCES `self` (`experimenter`, `experiment_id`, `session_id`, `animal_id`) ON UPDATE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
INSERT INTO `digital_events` VALUES ('lab',1,41,1,3,17,'lick','{\"kind\": \"inline\", \"dtype\": \"<i8\", \"shape\": [51], \"base64\": \"BAAAAAAAAAAIAAAAAAAAAAcAAAAAAAAAAwAAAAAAAAACAAAAAAAAAAgAAAAAAAAAAgAAAAAAAAAFAAAAAAAAAAIAAAAAAAAABwAAAAAAAAAHAAAAAAAAAAYAAAAAAAAABwAAAAAAAAAFAAAAAAAAAAMAAAAAAAAAAQAAAAAAAAAIAAAAAAAAAAUAAAAAAAAABwAAAAAAAAADAAAAAAAAAAQAAAAAAAAAAwAAAAAAAAAFAAAAAAAAAAMAAAAAAAAACAAAAAAAAAAEAAAAAAAAAAYAAAAAAAAAAwAAAAAAAAACAAAAAAAAAAQAAAAAAAAABQAAAAAAAAAGAAAAAAAAAAgAAAAAAAAABQAAAAAAAAAFAAAAAAAAAAQAAAAAAAAABAAAAAAAAAABAAAAAAAAAAYAAAAAAAAACAAAAAAAAAAEAAAAAAAAAAMAAAAAAAAABgAAAAAAAAAEAAAAAAAAAAEAAAAAAAAABgAAAAAAAAAHAAAAAAAAAAMAAAAAAAAACAAAAAAAAAAEAAAAAAAAAAcAAAAAAAAA\"}','{\"kind\": \"inline\", \"dtype\": \"<f8\", \"shape\": [51], \"base64\": \"0bNZ9blaCUAwuycPCzUPQATFjzF3LRJAw9MrZRliIUC/fR04Z8QhQGRd3EYDeCJALv8h/fb1IkDswDkjSrsjQAfOGVHa2yNA3bWEfNDzI0ClvcEXJpMuQKOSOgFNpC9AY+5aQj7IL0CWkA96NssvQLN78rBQezBA+Q/pt6+DMEBIv30dOMc0QGEyVTAqSTVA16NwPQqHO0DF/rJ78uA7QBNhw9Mr9TtAmpmZmZlZPECitDf4wsxAQHDOiNLe0EBALv8h/fbVQEACmggbnt5AQE2EDU+vDEFANIC3QIISQUCuR+F6FF5BQBpR2ht8aUFAPzVeukl8Q0BiodY076BDQBE2PL1SBkRAwFsgQfE7RECmm8QgsEpEQE7RkVz+q0ZAnDOitDc4R0DSb18HznFJQEXY8PRKiUlAEhQ/xtydSUAMcayL27hJQHUCmggb1klAkA96NqsuSkAzMzMzM0NKQPCnxks3iUxAQmDl0CKTTEAfhetRuK5MQEeU9gZfyExAXtxGA3jjTEBjf9k9eRBNQA8tsp3vJ01A\"}','a.u.',NULL,NULL,NULL);
INSERT INTO `digital_events` VALUES ('lab',1,41,1,4,NULL,'reward','{\"kind\": \"inline\", \"dtype\": \"<f8\", \"shape\": [10], \"base64\": \"AAAAAAAAFEAAAAAAAAAUQAAAAAAAABRAAAAAAAAABEAAAAAAAAAUQAAAAAAAABRAAAAAAAAAFEAAAAAAAAAEQAAAAAAAABRAAAAAAAAABEA=\"}','{\"kind\": \"inline\", \"dtype\": \"<f8\", \"shape\": [10], \"base64\": \"EoPAyqFFE0CF61G4HkUlQIXrUbgehTBANV66SQyCNkDVeOkmMeg8QO58PzVeekFAEFg5tMhmREAfhetRuG5HQIlBYOXQYkpAlkOLbOd7TUA=\"}','uL',200,50,0);
CREATE TABLE `feature` (
  `experimenter` varchar(40) NOT NULL,
  `behaviourrig_id` smallint(6) NOT NULL,
  `feature_id` int(11) NOT NULL COMMENT ':int32:',
  `feature_name` varchar(100) NOT NULL COMMENT ':varchar(100):',
  `source_type` enum('acquisition','stimulus','processing','deeplabcut','intervals') NOT NULL COMMENT ':enum(''acquisition'', ''stimulus'', ''processing'', ''deeplabcut'', ''intervals''):',
  `data_type` enum('analog','digital','interval','kinematics') NOT NULL COMMENT ':enum(''analog'', ''digital'', ''interval'', ''kinematics''):',
  `feature_description` varchar(1000) NOT NULL DEFAULT '' COMMENT ':varchar(1000):',
  `feature_data` longtext DEFAULT NULL COMMENT ':<file>:an attached file, such as the stimulus that it shows' CHECK (json_valid(`feature_data`)),
  PRIMARY KEY (`experimenter`,`behaviourrig_id`,`feature_id`),
  UNIQUE KEY `experimenter` (`experimenter`,`behaviourrig_id`,`feature_name`),
  CONSTRAINT `feature_ibfk_1` FOREIGN KEY (`experimenter`, `behaviourrig_id`) REFERENCES `behaviour_rig` (`experimenter`, `behaviourrig_id`) ON UPDATE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
INSERT INTO `feature` VALUES ('lab',1,1,'led','acquisition','interval','the LED above the port; it announces a trial',NULL);
INSERT INTO `feature` VALUES ('lab',1,2,'port','acquisition','interval','the port, while it is open',NULL);
INSERT INTO `feature` VALUES ('lab',1,3,'lick','acquisition','digital','licks at the port; the value is the number of the sensor\'s segment',NULL);
INSERT INTO `feature` VALUES ('lab',1,4,'reward','acquisition','digital','drops of water from the port, in microlitres',NULL);
INSERT INTO `feature` VALUES ('lab',1,5,'force','acquisition','analog','the force on the plate under the animal that licks',NULL);
INSERT INTO `feature` VALUES ('lab',1,6,'tone','stimulus','interval','a tone of 8 kHz; the port opens after it',NULL);
INSERT INTO `feature` VALUES ('lab',1,7,'head','processing','kinematics','the head of the animal that watches, tracked online',NULL);
INSERT INTO `feature` VALUES ('lab',1,8,'nose','processing','kinematics','the nose of the animal that licks, tracked in the film',NULL);
INSERT INTO `feature` VALUES ('lab',1,9,'tail','deeplabcut','kinematics','the tail of the animal that watches, to be tracked in the film later',NULL);
INSERT INTO `feature` VALUES ('lab',1,10,'trials','intervals','interval','the trials as the acquisition software counts them',NULL);
CREATE TABLE `interval_events` (
  `experimenter` varchar(40) NOT NULL,
  `experiment_id` smallint(6) NOT NULL,
  `session_id` int(11) NOT NULL,
  `behaviourrig_id` smallint(6) NOT NULL,
  `feature_id` int(11) NOT NULL,
  `animal_id` int(11) DEFAULT NULL,
  `intervalevents_name` varchar(100) NOT NULL COMMENT ':varchar(100):',
  `data` longtext NOT NULL COMMENT ':<signal>:' CHECK (json_valid(`data`)),
  `timestamps` longtext NOT NULL COMMENT ':<signal>:seconds' CHECK (json_valid(`timestamps`)),
  `x_coordinate` double DEFAULT NULL COMMENT ':float64:',
  `y_coordinate` double DEFAULT NULL COMMENT ':float64:',
  `z_coordinate` double DEFAULT NULL COMMENT ':float64:',
  PRIMARY KEY (`experimenter`,`experiment_id`,`session_id`,`behaviourrig_id`,`feature_id`),
  KEY `experimenter` (`experimenter`,`experiment_id`,`session_id`,`animal_id`),
  CONSTRAINT `interval_events_ibfk_1` FOREIGN KEY (`experimenter`, `experiment_id`, `session_id`, `behaviourrig_id`, `feature_id`) REFERENCES `object` (`experimenter`, `experiment_id`, `session_id`, `behaviourrig_id`, `feature_id`) ON UPDATE CASCADE,
  CONSTRAINT `interval_events_ibfk_2` FOREIGN KEY (`experimenter`, `experiment_id`, `session_id`, `animal_id`) REFERENCES `self` (`experimenter`, `experiment_id`, `session_id`, `animal_id`) ON UPDATE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
INSERT INTO `interval_events` VALUES ('lab',1,41,1,1,NULL,'led','{\"kind\": \"inline\", \"dtype\": \"|i1\", \"shape\": [20], \"base64\": \"Af8B/wH/Af8B/wH/Af8B/wH/Af8=\"}','{\"kind\": \"inline\", \"dtype\": \"<f8\", \"shape\": [20], \"base64\": \"kxgEVg4t6j9KDAIrhxb9PwrXo3A9ihpACtejcD2KHkAK16NwPQopQArXo3A9CitANV66SQyCMkA1XrpJDIIzQNV46SYx6DhA1XjpJjHoOUDb+X5qvPQ+QNv5fmq89D9AEFg5tMhmQkAQWDm0yOZCQB+F61G4bkVAH4XrUbjuRUCJQWDl0GJIQIlBYOXQ4khAlkOLbOd7S0CWQ4ts5/tLQA==\"}',100,50,0);
INSERT INTO `interval_events` VALUES ('lab',1,41,1,2,NULL,'port','{\"kind\": \"inline\", \"dtype\": \"|i1\", \"shape\": [20], \"base64\": \"Af8B/wH/Af8B/wH/Af8B/wH/Af8=\"}','{\"kind\": \"inline\", \"dtype\": \"<f8\", \"shape\": [20], \"base64\": \"JQaBlUOLBkASg8DKoUUTQIXrUbgeRSFAhetRuB5FJUAK16NwPQotQIXrUbgehTBANV66SQyCNEA1XrpJDII2QNV46SYx6DpA1XjpJjHoPEDufD81XnpAQO58PzVeekFAEFg5tMhmQ0AQWDm0yGZEQB+F61G4bkZAH4XrUbhuR0CJQWDl0GJJQIlBYOXQYkpAlkOLbOd7TECWQ4ts53tNQA==\"}',200,50,0);
INSERT INTO `interval_events` VALUES ('lab',1,41,1,6,NULL,'tone','{\"kind\": \"inline\", \"dtype\": \"|i1\", \"shape\": [20], \"base64\": \"Af8B/wH/Af8B/wH/Af8B/wH/Af8=\"}','{\"kind\": \"inline\", \"dtype\": \"<f8\", \"shape\": [20], \"base64\": \"SgwCK4cW/T8lBoGVQ4sCQArXo3A9ih5AhetRuB5FIEAK16NwPQorQArXo3A9CixANV66SQyCM0A1XrpJDAI0QNV46SYx6DlA1XjpJjFoOkDb+X5qvPQ/QO58PzVeOkBAEFg5tMjmQkAQWDm0yCZDQB+F61G47kVAH4XrUbguRkCJQWDl0OJIQIlBYOXQIklAlkOLbOf7S0CWQ4ts5ztMQA==\"}',0,0,100.5);
INSERT INTO `interval_events` VALUES ('lab',1,41,1,10,NULL,'trials','{\"kind\": \"inline\", \"dtype\": \"|i1\", \"shape\": [20], \"base64\": \"Af8B/wH/Af8B/wH/Af8B/wH/Af8=\"}','{\"kind\": \"inline\", \"dtype\": \"<f8\", \"shape\": [20], \"base64\": \"kxgEVg4t6j8Sg8DKoUUXQArXo3A9ihpAhetRuB5FJ0AK16NwPQopQIXrUbgehTFANV66SQyCMkA1XrpJDII3QNV46SYx6DhA1XjpJjHoPUDb+X5qvPQ+QO58PzVe+kFAEFg5tMhmQkAQWDm0yOZEQB+F61G4bkVAH4XrUbjuR0CJQWDl0GJIQIlBYOXQ4kpAlkOLbOd7S0CWQ4ts5/tNQA==\"}',NULL,NULL,NULL);
CREATE TABLE `kinematics` (
  `experimenter` varchar(40) NOT NULL,
  `experiment_id` smallint(6) NOT NULL,
  `session_id` int(11) NOT NULL,
  `behaviourrig_id` smallint(6) NOT NULL,
  `feature_id` int(11) NOT NULL,
  `animal_id` int(11) DEFAULT NULL,
  `video_id` smallint(6) DEFAULT NULL,
  `kinematics_name` varchar(100) NOT NULL COMMENT ':varchar(100):',
  `data` longtext NOT NULL COMMENT ':<signal>:' CHECK (json_valid(`data`)),
  `timestamps` longtext NOT NULL COMMENT ':<signal>:seconds' CHECK (json_valid(`timestamps`)),
  PRIMARY KEY (`experimenter`,`experiment_id`,`session_id`,`behaviourrig_id`,`feature_id`),
  KEY `experimenter` (`experimenter`,`experiment_id`,`session_id`,`animal_id`),
  KEY `experimenter_2` (`experimenter`,`experiment_id`,`session_id`,`video_id`),
  CONSTRAINT `kinematics_ibfk_1` FOREIGN KEY (`experimenter`, `experiment_id`, `session_id`, `behaviourrig_id`, `feature_id`) REFERENCES `object` (`experimenter`, `experiment_id`, `session_id`, `behaviourrig_id`, `feature_id`) ON UPDATE CASCADE,
  CONSTRAINT `kinematics_ibfk_2` FOREIGN KEY (`experimenter`, `experiment_id`, `session_id`, `animal_id`) REFERENCES `self` (`experimenter`, `experiment_id`, `session_id`, `animal_id`) ON UPDATE CASCADE,
  CONSTRAINT `kinematics_ibfk_3` FOREIGN KEY (`experimenter`, `experiment_id`, `session_id`, `video_id`) REFERENCES `video` (`experimenter`, `experiment_id`, `session_id`, `video_id`) ON UPDATE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
INSERT INTO `kinematics` VALUES ('lab',1,41,1,7,18,NULL,'head','{\"kind\": \"npy\", \"dtype\": \"<f8\", \"shape\": [600, 3], \"path\": \"objects/03/0a/030acb8c55b92333e03a059a2bfdbadfd4b9f8216798516e97e2603d5d5861d2.npy\", \"size\": 14528}','{\"kind\": \"inline\", \"dtype\": \"<f8\", \"shape\": [600], \"base64\": \"AAAAAAAAAACamZmZmZm5P5qZmZmZmck/MzMzMzMz0z+amZmZmZnZPwAAAAAAAOA/MzMzMzMz4z9mZmZmZmbmP5qZmZmZmek/zczMzMzM7D8AAAAAAADwP5qZmZmZmfE/MzMzMzMz8z/NzMzMzMz0P2ZmZmZmZvY/AAAAAAAA+D+amZmZmZn5PzMzMzMzM/s/zczMzMzM/D9mZmZmZmb+PwAAAAAAAABAzczMzMzMAECamZmZmZkBQGZmZmZmZgJAMzMzMzMzA0AAAAAAAAAEQM3MzMzMzARAmpmZmZmZBUBmZmZmZmYGQDMzMzMzMwdAAAAAAAAACEDNzMzMzMwIQJqZmZmZmQlAZmZmZmZmCkAzMzMzMzMLQAAAAAAAAAxAzczMzMzMDECamZmZmZkNQGZmZmZmZg5AMzMzMzMzD0AAAAAAAAAQQGZmZmZmZhBAzczMzMzMEEAzMzMzMzMRQJqZmZmZmRFAAAAAAAAAEkBmZmZmZmYSQM3MzMzMzBJAMzMzMzMzE0CamZmZmZkTQAAAAAAAABRAZmZmZmZmFEDNzMzMzMwUQDMzMzMzMxVAmpmZmZmZFUAAAAAAAAAWQGZmZmZmZhZAzczMzMzMFkAzMzMzMzMXQJqZmZmZmRdAAAAAAAAAGEBmZmZmZmYYQM3MzMzMzBhAMzMzMzMzGUCamZmZmZkZQAAAAAAAABpAZmZmZmZmGkDNzMzMzMwaQDMzMzMzMxtAmpmZmZmZG0AAAAAAAAAcQGZmZmZmZhxAzczMzMzMHEAzMzMzMzMdQJqZmZmZmR1AAAAAAAAAHkBmZmZmZmYeQM3MzMzMzB5AMzMzMzMzH0CamZmZmZkfQAAAAAAAACBAMzMzMzMzIEBmZmZmZmYgQJqZmZmZmSBAzczMzMzMIEAAAAAAAAAhQDMzMzMzMyFAZmZmZmZmIUCamZmZmZkhQM3MzMzMzCFAAAAAAAAAIkAzMzMzMzMiQGZmZmZmZiJAmpmZmZmZIkDNzMzMzMwiQAAAAAAAACNAMzMzMzMzI0BmZmZmZmYjQJqZmZmZmSNAzczMzMzMI0AAAAAAAAAkQDMzMzMzMyRAZmZmZmZmJECamZmZmZkkQM3MzMzMzCRAAAAAAAAAJUAzMzMzMzMlQGZmZmZmZiVAmpmZmZmZJUDNzMzMzMwlQAAAAAAAACZAMzMzMzMzJkBmZmZmZmYmQJqZmZmZmSZAzczMzMzMJkAAAAAAAAAnQDMzMzMzMydAZmZmZmZmJ0CamZmZmZknQM3MzMzMzCdAAAAAAAAAKEAzMzMzMzMoQGZmZmZmZihAmpmZmZmZKEDNzMzMzMwoQAAAAAAAAClAMzMzMzMzKUBmZmZmZmYpQJqZmZmZmSlAzczMzMzMKUAAAAAAAAAqQDMzMzMzMypAZmZmZmZmKkCamZmZmZkqQM3MzMzMzCpAAAAAAAAAK0AzMzMzMzMrQGZmZmZmZitAmpmZmZmZK0DNzMzMzMwrQAAAAAAAACxAMzMzMzMzLEBmZmZmZmYsQJqZmZmZmSxAzczMzMzMLEAAAAAAAAAtQDMzMzMzMy1AZmZmZmZmLUCamZmZmZktQM3MzMzMzC1AAAAAAAAALkAzMzMzMzMuQGZmZmZmZi5AmpmZmZmZLkDNzMzMzMwuQAAAAAAAAC9AMzMzMzMzL0BmZmZmZmYvQJqZmZmZmS9AzczMzMzML0AAAAAAAAAwQJqZmZmZGTBAMzMzMzMzMEDNzMzMzEwwQGZmZmZmZjBAAAAAAACAMECamZmZmZkwQDMzMzMzszBAzczMzMzMMEBmZmZmZuYwQAAAAAAAADFAmpmZmZkZMUAzMzMzMzMxQM3MzMzMTDFAZmZmZmZmMUAAAAAAAIAxQJqZmZmZmTFAMzMzMzOzMUDNzMzMzMwxQGZmZmZm5jFAAAAAAAAAMkCamZmZmRkyQDMzMzMzMzJAzczMzMxMMkBmZmZmZmYyQAAAAAAAgDJAmpmZmZmZMkAzMzMzM7MyQM3MzMzMzDJAZmZmZmbmMkAAAAAAAAAzQJqZmZmZGTNAMzMzMzMzM0DNzMzMzEwzQGZmZmZmZjNAAAAAAACAM0CamZmZmZkzQDMzMzMzszNAzczMzMzMM0BmZmZmZuYzQAAAAAAAADRAmpmZmZkZNEAzMzMzMzM0QM3MzMzMTDRAZmZmZmZmNEAAAAAAAIA0QJqZmZmZmTRAMzMzMzOzNEDNzMzMzMw0QGZmZmZm5jRAAAAAAAAANUCamZmZmRk1QDMzMzMzMzVAzczMzMxMNUBmZmZmZmY1QAAAAAAAgDVAmpmZmZmZNUAzMzMzM7M1QM3MzMzMzDVAZmZmZmbmNUAAAAAAAAA2QJqZmZmZGTZAMzMzMzMzNkDNzMzMzEw2QGZmZmZmZjZAAAAAAACANkCamZmZmZk2QDMzMzMzszZAzczMzMzMNkBmZmZmZuY2QAAAAAAAADdAmpmZmZkZN0AzMzMzMzM3QM3MzMzMTDdAZmZmZmZmN0AAAAAAAIA3QJqZmZmZmTdAMzMzMzOzN0DNzMzMzMw3QGZmZmZm5jdAAAAAAAAAOECamZmZmRk4QDMzMzMzMzhAzczMzMxMOEBmZmZmZmY4QAAAAAAAgDhAmpmZmZmZOEAzMzMzM7M4QM3MzMzMzDhAZmZmZmbmOEAAAAAAAAA5QJqZmZmZGTlAMzMzMzMzOUDNzMzMzEw5QGZmZmZmZjlAAAAAAACAOUCamZmZmZk5QDMzMzMzszlAzczMzMzMOUBmZmZmZuY5QAAAAAAAADpAmpmZmZkZOkAzMzMzMzM6QM3MzMzMTDpAZmZmZmZmOkAAAAAAAIA6QJqZmZmZmTpAMzMzMzOzOkDNzMzMzMw6QGZmZmZm5jpAAAAAAAAAO0CamZmZmRk7QDMzMzMzMztAzczMzMxMO0BmZmZmZmY7QAAAAAAAgDtAmpmZmZmZO0AzMzMzM7M7QM3MzMzMzDtAZmZmZmbmO0AAAAAAAAA8QJqZmZmZGTxAMzMzMzMzPEDNzMzMzEw8QGZmZmZmZjxAAAAAAACAPECamZmZmZk8QDMzMzMzszxAzczMzMzMPEBmZmZmZuY8QAAAAAAAAD1AmpmZmZkZPUAzMzMzMzM9QM3MzMzMTD1AZmZmZmZmPUAAAAAAAIA9QJqZmZmZmT1AMzMzMzOzPUDNzMzMzMw9QGZmZmZm5j1AAAAAAAAAPkCamZmZmRk+QDMzMzMzMz5AzczMzMxMPkBmZmZmZmY+QAAAAAAAgD5AmpmZmZmZPkAzMzMzM7M+QM3MzMzMzD5AZmZmZmbmPkAAAAAAAAA/QJqZmZmZGT9AMzMzMzMzP0DNzMzMzEw/QGZmZmZmZj9AAAAAAACAP0CamZmZmZk/QDMzMzMzsz9AzczMzMzMP0BmZmZmZuY/QAAAAAAAAEBAzczMzMwMQECamZmZmRlAQGZmZmZmJkBAMzMzMzMzQEAAAAAAAEBAQM3MzMzMTEBAmpmZmZlZQEBmZmZmZmZAQDMzMzMzc0BAAAAAAACAQEDNzMzMzIxAQJqZmZmZmUBAZmZmZmamQEAzMzMzM7NAQAAAAAAAwEBAzczMzMzMQECamZmZmdlAQGZmZmZm5kBAMzMzMzPzQEAAAAAAAABBQM3MzMzMDEFAmpmZmZkZQUBmZmZmZiZBQDMzMzMzM0FAAAAAAABAQUDNzMzMzExBQJqZmZmZWUFAZmZmZmZmQUAzMzMzM3NBQAAAAAAAgEFAzczMzMyMQUCamZmZmZlBQGZmZmZmpkFAMzMzMzOzQUAAAAAAAMBBQM3MzMzMzEFAmpmZmZnZQUBmZmZmZuZBQDMzMzMz80FAAAAAAAAAQkDNzMzMzAxCQJqZmZmZGUJAZmZmZmYmQkAzMzMzMzNCQAAAAAAAQEJAzczMzMxMQkCamZmZmVlCQGZmZmZmZkJAMzMzMzNzQkAAAAAAAIBCQM3MzMzMjEJAmpmZmZmZQkBmZmZmZqZCQDMzMzMzs0JAAAAAAADAQkDNzMzMzMxCQJqZmZmZ2UJAZmZmZmbmQkAzMzMzM/NCQAAAAAAAAENAzczMzMwMQ0CamZmZmRlDQGZmZmZmJkNAMzMzMzMzQ0AAAAAAAEBDQM3MzMzMTENAmpmZmZlZQ0BmZmZmZmZDQDMzMzMzc0NAAAAAAACAQ0DNzMzMzIxDQJqZmZmZmUNAZmZmZmamQ0AzMzMzM7NDQAAAAAAAwENAzczMzMzMQ0CamZmZmdlDQGZmZmZm5kNAMzMzMzPzQ0AAAAAAAABEQM3MzMzMDERAmpmZmZkZREBmZmZmZiZEQDMzMzMzM0RAAAAAAABAREDNzMzMzExEQJqZmZmZWURAZmZmZmZmREAzMzMzM3NEQAAAAAAAgERAzczMzMyMRECamZmZmZlEQGZmZmZmpkRAMzMzMzOzREAAAAAAAMBEQM3MzMzMzERAmpmZmZnZREBmZmZmZuZEQDMzMzMz80RAAAAAAAAARUDNzMzMzAxFQJqZmZmZGUVAZmZmZmYmRUAzMzMzMzNFQAAAAAAAQEVAzczMzMxMRUCamZmZmVlFQGZmZmZmZkVAMzMzMzNzRUAAAAAAAIBFQM3MzMzMjEVAmpmZmZmZRUBmZmZmZqZFQDMzMzMzs0VAAAAAAADARUDNzMzMzMxFQJqZmZmZ2UVAZmZmZmbmRUAzMzMzM/NFQAAAAAAAAEZAzczMzMwMRkCamZmZmRlGQGZmZmZmJkZAMzMzMzMzRkAAAAAAAEBGQM3MzMzMTEZAmpmZmZlZRkBmZmZmZmZGQDMzMzMzc0ZAAAAAAACARkDNzMzMzIxGQJqZmZmZmUZAZmZmZmamRkAzMzMzM7NGQAAAAAAAwEZAzczMzMzMRkCamZmZmdlGQGZmZmZm5kZAMzMzMzPzRkAAAAAAAABHQM3MzMzMDEdAmpmZmZkZR0BmZmZmZiZHQDMzMzMzM0dAAAAAAABAR0DNzMzMzExHQJqZmZmZWUdAZmZmZmZmR0AzMzMzM3NHQAAAAAAAgEdAzczMzMyMR0CamZmZmZlHQGZmZmZmpkdAMzMzMzOzR0AAAAAAAMBHQM3MzMzMzEdAmpmZmZnZR0BmZmZmZuZHQDMzMzMz80dAAAAAAAAASEDNzMzMzAxIQJqZmZmZGUhAZmZmZmYmSEAzMzMzMzNIQAAAAAAAQEhAzczMzMxMSECamZmZmVlIQGZmZmZmZkhAMzMzMzNzSEAAAAAAAIBIQM3MzMzMjEhAmpmZmZmZSEBmZmZmZqZIQDMzMzMzs0hAAAAAAADASEDNzMzMzMxIQJqZmZmZ2UhAZmZmZmbmSEAzMzMzM/NIQAAAAAAAAElAzczMzMwMSUCamZmZmRlJQGZmZmZmJklAMzMzMzMzSUAAAAAAAEBJQM3MzMzMTElAmpmZmZlZSUBmZmZmZmZJQDMzMzMzc0lAAAAAAACASUDNzMzMzIxJQJqZmZmZmUlAZmZmZmamSUAzMzMzM7NJQAAAAAAAwElAzczMzMzMSUCamZmZmdlJQGZmZmZm5klAMzMzMzPzSUAAAAAAAABKQM3MzMzMDEpAmpmZmZkZSkBmZmZmZiZKQDMzMzMzM0pAAAAAAABASkDNzMzMzExKQJqZmZmZWUpAZmZmZmZmSkAzMzMzM3NKQAAAAAAAgEpAzczMzMyMSkCamZmZmZlKQGZmZmZmpkpAMzMzMzOzSkAAAAAAAMBKQM3MzMzMzEpAmpmZmZnZSkBmZmZmZuZKQDMzMzMz80pAAAAAAAAAS0DNzMzMzAxLQJqZmZmZGUtAZmZmZmYmS0AzMzMzMzNLQAAAAAAAQEtAzczMzMxMS0CamZmZmVlLQGZmZmZmZktAMzMzMzNzS0AAAAAAAIBLQM3MzMzMjEtAmpmZmZmZS0BmZmZmZqZLQDMzMzMzs0tAAAAAAADAS0DNzMzMzMxLQJqZmZmZ2UtAZmZmZmbmS0AzMzMzM/NLQAAAAAAAAExAzczMzMwMTECamZmZmRlMQGZmZmZmJkxAMzMzMzMzTEAAAAAAAEBMQM3MzMzMTExAmpmZmZlZTEBmZmZmZmZMQDMzMzMzc0xAAAAAAACATEDNzMzMzIxMQJqZmZmZmUxAZmZmZmamTEAzMzMzM7NMQAAAAAAAwExAzczMzMzMTECamZmZmdlMQGZmZmZm5kxAMzMzMzPzTEAAAAAAAABNQM3MzMzMDE1AmpmZmZkZTUBmZmZmZiZNQDMzMzMzM01AAAAAAABATUDNzMzMzExNQJqZmZmZWU1AZmZmZmZmTUAzMzMzM3NNQAAAAAAAgE1AzczMzMyMTUCamZmZmZlNQGZmZmZmpk1AMzMzMzOzTUAAAAAAAMBNQM3MzMzMzE1AmpmZmZnZTUBmZmZmZuZNQDMzMzMz801A\"}');
INSERT INTO `kinematics` VALUES ('lab',1,41,1,8,17,1,'nose','{\"kind\": \"npy\", \"dtype\": \"<f8\", \"shape\": [600, 3], \"path\": \"objects/8f/16/8f1680eddc49d7fca1b2aae5b3c9d662785f9b2a24f270cc09536f54ae3ae2dd.npy\", \"size\": 14528}','{\"kind\": \"inline\", \"dtype\": \"<f8\", \"shape\": [600], \"base64\": \"AAAAAAAAAACamZmZmZm5P5qZmZmZmck/MzMzMzMz0z+amZmZmZnZPwAAAAAAAOA/MzMzMzMz4z9mZmZmZmbmP5qZmZmZmek/zczMzMzM7D8AAAAAAADwP5qZmZmZmfE/MzMzMzMz8z/NzMzMzMz0P2ZmZmZmZvY/AAAAAAAA+D+amZmZmZn5PzMzMzMzM/s/zczMzMzM/D9mZmZmZmb+PwAAAAAAAABAzczMzMzMAECamZmZmZkBQGZmZmZmZgJAMzMzMzMzA0AAAAAAAAAEQM3MzMzMzARAmpmZmZmZBUBmZmZmZmYGQDMzMzMzMwdAAAAAAAAACEDNzMzMzMwIQJqZmZmZmQlAZmZmZmZmCkAzMzMzMzMLQAAAAAAAAAxAzczMzMzMDECamZmZmZkNQGZmZmZmZg5AMzMzMzMzD0AAAAAAAAAQQGZmZmZmZhBAzczMzMzMEEAzMzMzMzMRQJqZmZmZmRFAAAAAAAAAEkBmZmZmZmYSQM3MzMzMzBJAMzMzMzMzE0CamZmZmZkTQAAAAAAAABRAZmZmZmZmFEDNzMzMzMwUQDMzMzMzMxVAmpmZmZmZFUAAAAAAAAAWQGZmZmZmZhZAzczMzMzMFkAzMzMzMzMXQJqZmZmZmRdAAAAAAAAAGEBmZmZmZmYYQM3MzMzMzBhAMzMzMzMzGUCamZmZmZkZQAAAAAAAABpAZmZmZmZmGkDNzMzMzMwaQDMzMzMzMxtAmpmZmZmZG0AAAAAAAAAcQGZmZmZmZhxAzczMzMzMHEAzMzMzMzMdQJqZmZmZmR1AAAAAAAAAHkBmZmZmZmYeQM3MzMzMzB5AMzMzMzMzH0CamZmZmZkfQAAAAAAAACBAMzMzMzMzIEBmZmZmZmYgQJqZmZmZmSBAzczMzMzMIEAAAAAAAAAhQDMzMzMzMyFAZmZmZmZmIUCamZmZmZkhQM3MzMzMzCFAAAAAAAAAIkAzMzMzMzMiQGZmZmZmZiJAmpmZmZmZIkDNzMzMzMwiQAAAAAAAACNAMzMzMzMzI0BmZmZmZmYjQJqZmZmZmSNAzczMzMzMI0AAAAAAAAAkQDMzMzMzMyRAZmZmZmZmJECamZmZmZkkQM3MzMzMzCRAAAAAAAAAJUAzMzMzMzMlQGZmZmZmZiVAmpmZmZmZJUDNzMzMzMwlQAAAAAAAACZAMzMzMzMzJkBmZmZmZmYmQJqZmZmZmSZAzczMzMzMJkAAAAAAAAAnQDMzMzMzMydAZmZmZmZmJ0CamZmZmZknQM3MzMzMzCdAAAAAAAAAKEAzMzMzMzMoQGZmZmZmZihAmpmZmZmZKEDNzMzMzMwoQAAAAAAAAClAMzMzMzMzKUBmZmZmZmYpQJqZmZmZmSlAzczMzMzMKUAAAAAAAAAqQDMzMzMzMypAZmZmZmZmKkCamZmZmZkqQM3MzMzMzCpAAAAAAAAAK0AzMzMzMzMrQGZmZmZmZitAmpmZmZmZK0DNzMzMzMwrQAAAAAAAACxAMzMzMzMzLEBmZmZmZmYsQJqZmZmZmSxAzczMzMzMLEAAAAAAAAAtQDMzMzMzMy1AZmZmZmZmLUCamZmZmZktQM3MzMzMzC1AAAAAAAAALkAzMzMzMzMuQGZmZmZmZi5AmpmZmZmZLkDNzMzMzMwuQAAAAAAAAC9AMzMzMzMzL0BmZmZmZmYvQJqZmZmZmS9AzczMzMzML0AAAAAAAAAwQJqZmZmZGTBAMzMzMzMzMEDNzMzMzEwwQGZmZmZmZjBAAAAAAACAMECamZmZmZkwQDMzMzMzszBAzczMzMzMMEBmZmZmZuYwQAAAAAAAADFAmpmZmZkZMUAzMzMzMzMxQM3MzMzMTDFAZmZmZmZmMUAAAAAAAIAxQJqZmZmZmTFAMzMzMzOzMUDNzMzMzMwxQGZmZmZm5jFAAAAAAAAAMkCamZmZmRkyQDMzMzMzMzJAzczMzMxMMkBmZmZmZmYyQAAAAAAAgDJAmpmZmZmZMkAzMzMzM7MyQM3MzMzMzDJAZmZmZmbmMkAAAAAAAAAzQJqZmZmZGTNAMzMzMzMzM0DNzMzMzEwzQGZmZmZmZjNAAAAAAACAM0CamZmZmZkzQDMzMzMzszNAzczMzMzMM0BmZmZmZuYzQAAAAAAAADRAmpmZmZkZNEAzMzMzMzM0QM3MzMzMTDRAZmZmZmZmNEAAAAAAAIA0QJqZmZmZmTRAMzMzMzOzNEDNzMzMzMw0QGZmZmZm5jRAAAAAAAAANUCamZmZmRk1QDMzMzMzMzVAzczMzMxMNUBmZmZmZmY1QAAAAAAAgDVAmpmZmZmZNUAzMzMzM7M1QM3MzMzMzDVAZmZmZmbmNUAAAAAAAAA2QJqZmZmZGTZAMzMzMzMzNkDNzMzMzEw2QGZmZmZmZjZAAAAAAACANkCamZmZmZk2QDMzMzMzszZAzczMzMzMNkBmZmZmZuY2QAAAAAAAADdAmpmZmZkZN0AzMzMzMzM3QM3MzMzMTDdAZmZmZmZmN0AAAAAAAIA3QJqZmZmZmTdAMzMzMzOzN0DNzMzMzMw3QGZmZmZm5jdAAAAAAAAAOECamZmZmRk4QDMzMzMzMzhAzczMzMxMOEBmZmZmZmY4QAAAAAAAgDhAmpmZmZmZOEAzMzMzM7M4QM3MzMzMzDhAZmZmZmbmOEAAAAAAAAA5QJqZmZmZGTlAMzMzMzMzOUDNzMzMzEw5QGZmZmZmZjlAAAAAAACAOUCamZmZmZk5QDMzMzMzszlAzczMzMzMOUBmZmZmZuY5QAAAAAAAADpAmpmZmZkZOkAzMzMzMzM6QM3MzMzMTDpAZmZmZmZmOkAAAAAAAIA6QJqZmZmZmTpAMzMzMzOzOkDNzMzMzMw6QGZmZmZm5jpAAAAAAAAAO0CamZmZmRk7QDMzMzMzMztAzczMzMxMO0BmZmZmZmY7QAAAAAAAgDtAmpmZmZmZO0AzMzMzM7M7QM3MzMzMzDtAZmZmZmbmO0AAAAAAAAA8QJqZmZmZGTxAMzMzMzMzPEDNzMzMzEw8QGZmZmZmZjxAAAAAAACAPECamZmZmZk8QDMzMzMzszxAzczMzMzMPEBmZmZmZuY8QAAAAAAAAD1AmpmZmZkZPUAzMzMzMzM9QM3MzMzMTD1AZmZmZmZmPUAAAAAAAIA9QJqZmZmZmT1AMzMzMzOzPUDNzMzMzMw9QGZmZmZm5j1AAAAAAAAAPkCamZmZmRk+QDMzMzMzMz5AzczMzMxMPkBmZmZmZmY+QAAAAAAAgD5AmpmZmZmZPkAzMzMzM7M+QM3MzMzMzD5AZmZmZmbmPkAAAAAAAAA/QJqZmZmZGT9AMzMzMzMzP0DNzMzMzEw/QGZmZmZmZj9AAAAAAACAP0CamZmZmZk/QDMzMzMzsz9AzczMzMzMP0BmZmZmZuY/QAAAAAAAAEBAzczMzMwMQECamZmZmRlAQGZmZmZmJkBAMzMzMzMzQEAAAAAAAEBAQM3MzMzMTEBAmpmZmZlZQEBmZmZmZmZAQDMzMzMzc0BAAAAAAACAQEDNzMzMzIxAQJqZmZmZmUBAZmZmZmamQEAzMzMzM7NAQAAAAAAAwEBAzczMzMzMQECamZmZmdlAQGZmZmZm5kBAMzMzMzPzQEAAAAAAAABBQM3MzMzMDEFAmpmZmZkZQUBmZmZmZiZBQDMzMzMzM0FAAAAAAABAQUDNzMzMzExBQJqZmZmZWUFAZmZmZmZmQUAzMzMzM3NBQAAAAAAAgEFAzczMzMyMQUCamZmZmZlBQGZmZmZmpkFAMzMzMzOzQUAAAAAAAMBBQM3MzMzMzEFAmpmZmZnZQUBmZmZmZuZBQDMzMzMz80FAAAAAAAAAQkDNzMzMzAxCQJqZmZmZGUJAZmZmZmYmQkAzMzMzMzNCQAAAAAAAQEJAzczMzMxMQkCamZmZmVlCQGZmZmZmZkJAMzMzMzNzQkAAAAAAAIBCQM3MzMzMjEJAmpmZmZmZQkBmZmZmZqZCQDMzMzMzs0JAAAAAAADAQkDNzMzMzMxCQJqZmZmZ2UJAZmZmZmbmQkAzMzMzM/NCQAAAAAAAAENAzczMzMwMQ0CamZmZmRlDQGZmZmZmJkNAMzMzMzMzQ0AAAAAAAEBDQM3MzMzMTENAmpmZmZlZQ0BmZmZmZmZDQDMzMzMzc0NAAAAAAACAQ0DNzMzMzIxDQJqZmZmZmUNAZmZmZmamQ0AzMzMzM7NDQAAAAAAAwENAzczMzMzMQ0CamZmZmdlDQGZmZmZm5kNAMzMzMzPzQ0AAAAAAAABEQM3MzMzMDERAmpmZmZkZREBmZmZmZiZEQDMzMzMzM0RAAAAAAABAREDNzMzMzExEQJqZmZmZWURAZmZmZmZmREAzMzMzM3NEQAAAAAAAgERAzczMzMyMRECamZmZmZlEQGZmZmZmpkRAMzMzMzOzREAAAAAAAMBEQM3MzMzMzERAmpmZmZnZREBmZmZmZuZEQDMzMzMz80RAAAAAAAAARUDNzMzMzAxFQJqZmZmZGUVAZmZmZmYmRUAzMzMzMzNFQAAAAAAAQEVAzczMzMxMRUCamZmZmVlFQGZmZmZmZkVAMzMzMzNzRUAAAAAAAIBFQM3MzMzMjEVAmpmZmZmZRUBmZmZmZqZFQDMzMzMzs0VAAAAAAADARUDNzMzMzMxFQJqZmZmZ2UVAZmZmZmbmRUAzMzMzM/NFQAAAAAAAAEZAzczMzMwMRkCamZmZmRlGQGZmZmZmJkZAMzMzMzMzRkAAAAAAAEBGQM3MzMzMTEZAmpmZmZlZRkBmZmZmZmZGQDMzMzMzc0ZAAAAAAACARkDNzMzMzIxGQJqZmZmZmUZAZmZmZmamRkAzMzMzM7NGQAAAAAAAwEZAzczMzMzMRkCamZmZmdlGQGZmZmZm5kZAMzMzMzPzRkAAAAAAAABHQM3MzMzMDEdAmpmZmZkZR0BmZmZmZiZHQDMzMzMzM0dAAAAAAABAR0DNzMzMzExHQJqZmZmZWUdAZmZmZmZmR0AzMzMzM3NHQAAAAAAAgEdAzczMzMyMR0CamZmZmZlHQGZmZmZmpkdAMzMzMzOzR0AAAAAAAMBHQM3MzMzMzEdAmpmZmZnZR0BmZmZmZuZHQDMzMzMz80dAAAAAAAAASEDNzMzMzAxIQJqZmZmZGUhAZmZmZmYmSEAzMzMzMzNIQAAAAAAAQEhAzczMzMxMSECamZmZmVlIQGZmZmZmZkhAMzMzMzNzSEAAAAAAAIBIQM3MzMzMjEhAmpmZmZmZSEBmZmZmZqZIQDMzMzMzs0hAAAAAAADASEDNzMzMzMxIQJqZmZmZ2UhAZmZmZmbmSEAzMzMzM/NIQAAAAAAAAElAzczMzMwMSUCamZmZmRlJQGZmZmZmJklAMzMzMzMzSUAAAAAAAEBJQM3MzMzMTElAmpmZmZlZSUBmZmZmZmZJQDMzMzMzc0lAAAAAAACASUDNzMzMzIxJQJqZmZmZmUlAZmZmZmamSUAzMzMzM7NJQAAAAAAAwElAzczMzMzMSUCamZmZmdlJQGZmZmZm5klAMzMzMzPzSUAAAAAAAABKQM3MzMzMDEpAmpmZmZkZSkBmZmZmZiZKQDMzMzMzM0pAAAAAAABASkDNzMzMzExKQJqZmZmZWUpAZmZmZmZmSkAzMzMzM3NKQAAAAAAAgEpAzczMzMyMSkCamZmZmZlKQGZmZmZmpkpAMzMzMzOzSkAAAAAAAMBKQM3MzMzMzEpAmpmZmZnZSkBmZmZmZuZKQDMzMzMz80pAAAAAAAAAS0DNzMzMzAxLQJqZmZmZGUtAZmZmZmYmS0AzMzMzMzNLQAAAAAAAQEtAzczMzMxMS0CamZmZmVlLQGZmZmZmZktAMzMzMzNzS0AAAAAAAIBLQM3MzMzMjEtAmpmZmZmZS0BmZmZmZqZLQDMzMzMzs0tAAAAAAADAS0DNzMzMzMxLQJqZmZmZ2UtAZmZmZmbmS0AzMzMzM/NLQAAAAAAAAExAzczMzMwMTECamZmZmRlMQGZmZmZmJkxAMzMzMzMzTEAAAAAAAEBMQM3MzMzMTExAmpmZmZlZTEBmZmZmZmZMQDMzMzMzc0xAAAAAAACATEDNzMzMzIxMQJqZmZmZmUxAZmZmZmamTEAzMzMzM7NMQAAAAAAAwExAzczMzMzMTECamZmZmdlMQGZmZmZm5kxAMzMzMzPzTEAAAAAAAABNQM3MzMzMDE1AmpmZmZkZTUBmZmZmZiZNQDMzMzMzM01AAAAAAABATUDNzMzMzExNQJqZmZmZWU1AZmZmZmZmTUAzMzMzM3NNQAAAAAAAgE1AzczMzMyMTUCamZmZmZlNQGZmZmZmpk1AMzMzMzOzTUAAAAAAAMBNQM3MzMzMzE1AmpmZmZnZTUBmZmZmZuZNQDMzMzMz801A\"}');
CREATE TABLE `mask` (
  `experimenter` varchar(40) NOT NULL,
  `experiment_id` smallint(6) NOT NULL,
  `session_id` int(11) NOT NULL,
  `behaviourrig_id` smallint(6) NOT NULL,
  `mask_id` smallint(6) NOT NULL,
  `mask_name` varchar(100) NOT NULL COMMENT ':varchar(100):',
  `data` longtext NOT NULL COMMENT ':<signal>:' CHECK (json_valid(`data`)),
  `timestamps` longtext NOT NULL COMMENT ':<signal>:seconds' CHECK (json_valid(`timestamps`)),
  `function_sha256` char(64) NOT NULL COMMENT ':char(64):the version of the function that made it',
  PRIMARY KEY (`experimenter`,`experiment_id`,`session_id`,`behaviourrig_id`,`mask_id`),
  KEY `experimenter` (`experimenter`,`behaviourrig_id`,`mask_id`),
  CONSTRAINT `mask_ibfk_1` FOREIGN KEY (`experimenter`, `experiment_id`, `session_id`) REFERENCES `world` (`experimenter`, `experiment_id`, `session_id`) ON UPDATE CASCADE,
  CONSTRAINT `mask_ibfk_2` FOREIGN KEY (`experimenter`, `behaviourrig_id`, `mask_id`) REFERENCES `mask_function` (`experimenter`, `behaviourrig_id`, `mask_id`) ON UPDATE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
INSERT INTO `mask` VALUES ('lab',1,41,1,1,'trials','{\"kind\": \"inline\", \"dtype\": \"|i1\", \"shape\": [20], \"base64\": \"Af8B/wH/Af8B/wH/Af8B/wH/Af8=\"}','{\"kind\": \"inline\", \"dtype\": \"<f8\", \"shape\": [20], \"base64\": \"kxgEVg4t6j8Sg8DKoUUXQArXo3A9ihpAhetRuB5FJ0AK16NwPQopQIXrUbgehTFANV66SQyCMkA1XrpJDII3QNV46SYx6DhA1XjpJjHoPUDb+X5qvPQ+QO58PzVe+kFAEFg5tMhmQkAQWDm0yOZEQB+F61G4bkVAH4XrUbjuR0CJQWDl0GJIQIlBYOXQ4kpAlkOLbOd7S0CWQ4ts5/tNQA==\"}','e823dac9e57c19ce332d2bb6e2030e9656c1b25d85e74d856ce9ac9eb5b31e88');
CREATE TABLE `mask_function` (
  `experimenter` varchar(40) NOT NULL,
  `behaviourrig_id` smallint(6) NOT NULL,
  `mask_id` smallint(6) NOT NULL COMMENT ':int16:',
  `mask_name` varchar(100) NOT NULL COMMENT ':varchar(100):',
  `maskfunction_name` varchar(255) NOT NULL COMMENT ':varchar(255):script.function, in the analysis folder',
  `maskfunction_description` varchar(1000) NOT NULL DEFAULT '' COMMENT ':varchar(1000):',
  `mask_function` longblob NOT NULL COMMENT ':<blob>:its source when it was stored: text',
  `function_sha256` char(64) NOT NULL COMMENT ':char(64):over its script and the functions that it calls',
  PRIMARY KEY (`experimenter`,`behaviourrig_id`,`mask_id`),
  UNIQUE KEY `experimenter` (`experimenter`,`behaviourrig_id`,`mask_name`),
  CONSTRAINT `mask_function_ibfk_1` FOREIGN KEY (`experimenter`, `behaviourrig_id`) REFERENCES `behaviour_rig` (`experimenter`, `behaviourrig_id`) ON UPDATE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
INSERT INTO `mask_function` VALUES ('lab',1,1,'trials','licking.table_trials','the rows of the trials table',0x646A3000055F0100000000000040616E74656C6F705F616E616C797369730A636C617373205461626C65547269616C733A0A2020202022222254686520726F7773206F662074686520747269616C73207461626C652E2222220A0A202020206E616D65203D20227461626C655F747269616C73220A202020207175657279203D2022576F726C64220A2020202064617461203D2022496E74657276616C4576656E7473220A2020202072657475726E73203D207B2264617461223A206E702E6E6461727261792C202274696D657374616D7073223A206E702E6E6461727261797D0A202020206D61736B203D20547275650A0A202020206465662072756E286B6579293A0A202020202020202072657475726E2028496E74657276616C4576656E74732026206B65792026207B22696E74657276616C6576656E74735F6E616D65223A2022747269616C73227D292E666574636831282264617461222C202274696D657374616D707322290A,'e823dac9e57c19ce332d2bb6e2030e9656c1b25d85e74d856ce9ac9eb5b31e88');
CREATE TABLE `object` (
  `experimenter` varchar(40) NOT NULL,
  `experiment_id` smallint(6) NOT NULL,
  `session_id` int(11) NOT NULL,
  `behaviourrig_id` smallint(6) NOT NULL,
  `feature_id` int(11) NOT NULL,
  `object_name` varchar(100) NOT NULL COMMENT ':varchar(100):',
  `object_type` enum('World','Self') NOT NULL COMMENT ':enum(''World'', ''Self''):',
  `animal_id` int(11) DEFAULT NULL,
  PRIMARY KEY (`experimenter`,`experiment_id`,`session_id`,`behaviourrig_id`,`feature_id`),
  KEY `experimenter` (`experimenter`,`behaviourrig_id`,`feature_id`),
  KEY `experimenter_2` (`experimenter`,`experiment_id`,`session_id`,`animal_id`),
  CONSTRAINT `object_ibfk_1` FOREIGN KEY (`experimenter`, `experiment_id`, `session_id`) REFERENCES `world` (`experimenter`, `experiment_id`, `session_id`) ON UPDATE CASCADE,
  CONSTRAINT `object_ibfk_2` FOREIGN KEY (`experimenter`, `behaviourrig_id`, `feature_id`) REFERENCES `feature` (`experimenter`, `behaviourrig_id`, `feature_id`) ON UPDATE CASCADE,
  CONSTRAINT `object_ibfk_3` FOREIGN KEY (`experimenter`, `experiment_id`, `session_id`, `animal_id`) REFERENCES `self` (`experimenter`, `experiment_id`, `session_id`, `animal_id`) ON UPDATE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
INSERT INTO `object` VALUES ('lab',1,41,1,1,'led','World',NULL);
INSERT INTO `object` VALUES ('lab',1,41,1,2,'port','World',NULL);
INSERT INTO `object` VALUES ('lab',1,41,1,3,'lick','Self',17);
INSERT INTO `object` VALUES ('lab',1,41,1,4,'reward','World',NULL);
INSERT INTO `object` VALUES ('lab',1,41,1,5,'force','Self',17);
INSERT INTO `object` VALUES ('lab',1,41,1,6,'tone','World',NULL);
INSERT INTO `object` VALUES ('lab',1,41,1,7,'head','Self',18);
INSERT INTO `object` VALUES ('lab',1,41,1,8,'nose','Self',17);
INSERT INTO `object` VALUES ('lab',1,41,1,9,'tail','Self',18);
INSERT INTO `object` VALUES ('lab',1,41,1,10,'trials','World',NULL);
CREATE TABLE `self` (
  `experimenter` varchar(40) NOT NULL,
  `experiment_id` smallint(6) NOT NULL,
  `session_id` int(11) NOT NULL,
  `animal_id` int(11) NOT NULL,
  PRIMARY KEY (`experimenter`,`experiment_id`,`session_id`,`animal_id`),
  KEY `experimenter` (`experimenter`,`experiment_id`,`animal_id`),
  CONSTRAINT `self_ibfk_1` FOREIGN KEY (`experimenter`, `experiment_id`, `session_id`) REFERENCES `world` (`experimenter`, `experiment_id`, `session_id`) ON UPDATE CASCADE,
  CONSTRAINT `self_ibfk_2` FOREIGN KEY (`experimenter`, `experiment_id`, `animal_id`) REFERENCES `antelop_ingest_metadata`.`animal` (`experimenter`, `experiment_id`, `animal_id`) ON UPDATE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
INSERT INTO `self` VALUES ('lab',1,41,17);
INSERT INTO `self` VALUES ('lab',1,41,18);
CREATE TABLE `video` (
  `experimenter` varchar(40) NOT NULL,
  `experiment_id` smallint(6) NOT NULL,
  `session_id` int(11) NOT NULL,
  `video_id` smallint(6) NOT NULL COMMENT ':int16:',
  `video_name` varchar(100) NOT NULL COMMENT ':varchar(100):',
  `video` longtext NOT NULL COMMENT ':<file>:' CHECK (json_valid(`video`)),
  `timestamps` longtext DEFAULT NULL COMMENT ':<signal>:seconds, one a frame, over all files of the camera; null if there are none' CHECK (json_valid(`timestamps`)),
  PRIMARY KEY (`experimenter`,`experiment_id`,`session_id`,`video_id`),
  CONSTRAINT `video_ibfk_1` FOREIGN KEY (`experimenter`, `experiment_id`, `session_id`) REFERENCES `world` (`experimenter`, `experiment_id`, `session_id`) ON UPDATE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
INSERT INTO `video` VALUES ('lab',1,41,1,'camera','{\"kind\": \"file\", \"path\": \"objects/81/c0/81c0644526edfe88d8aa533033c831fc57f547bab76a228da69246a1fd18e783.avi\", \"size\": 40}','{\"kind\": \"inline\", \"dtype\": \"<f8\", \"shape\": [600], \"base64\": \"AAAAAAAAAACamZmZmZm5P5qZmZmZmck/MzMzMzMz0z+amZmZmZnZPwAAAAAAAOA/MzMzMzMz4z9mZmZmZmbmP5qZmZmZmek/zczMzMzM7D8AAAAAAADwP5qZmZmZmfE/MzMzMzMz8z/NzMzMzMz0P2ZmZmZmZvY/AAAAAAAA+D+amZmZmZn5PzMzMzMzM/s/zczMzMzM/D9mZmZmZmb+PwAAAAAAAABAzczMzMzMAECamZmZmZkBQGZmZmZmZgJAMzMzMzMzA0AAAAAAAAAEQM3MzMzMzARAmpmZmZmZBUBmZmZmZmYGQDMzMzMzMwdAAAAAAAAACEDNzMzMzMwIQJqZmZmZmQlAZmZmZmZmCkAzMzMzMzMLQAAAAAAAAAxAzczMzMzMDECamZmZmZkNQGZmZmZmZg5AMzMzMzMzD0AAAAAAAAAQQGZmZmZmZhBAzczMzMzMEEAzMzMzMzMRQJqZmZmZmRFAAAAAAAAAEkBmZmZmZmYSQM3MzMzMzBJAMzMzMzMzE0CamZmZmZkTQAAAAAAAABRAZmZmZmZmFEDNzMzMzMwUQDMzMzMzMxVAmpmZmZmZFUAAAAAAAAAWQGZmZmZmZhZAzczMzMzMFkAzMzMzMzMXQJqZmZmZmRdAAAAAAAAAGEBmZmZmZmYYQM3MzMzMzBhAMzMzMzMzGUCamZmZmZkZQAAAAAAAABpAZmZmZmZmGkDNzMzMzMwaQDMzMzMzMxtAmpmZmZmZG0AAAAAAAAAcQGZmZmZmZhxAzczMzMzMHEAzMzMzMzMdQJqZmZmZmR1AAAAAAAAAHkBmZmZmZmYeQM3MzMzMzB5AMzMzMzMzH0CamZmZmZkfQAAAAAAAACBAMzMzMzMzIEBmZmZmZmYgQJqZmZmZmSBAzczMzMzMIEAAAAAAAAAhQDMzMzMzMyFAZmZmZmZmIUCamZmZmZkhQM3MzMzMzCFAAAAAAAAAIkAzMzMzMzMiQGZmZmZmZiJAmpmZmZmZIkDNzMzMzMwiQAAAAAAAACNAMzMzMzMzI0BmZmZmZmYjQJqZmZmZmSNAzczMzMzMI0AAAAAAAAAkQDMzMzMzMyRAZmZmZmZmJECamZmZmZkkQM3MzMzMzCRAAAAAAAAAJUAzMzMzMzMlQGZmZmZmZiVAmpmZmZmZJUDNzMzMzMwlQAAAAAAAACZAMzMzMzMzJkBmZmZmZmYmQJqZmZmZmSZAzczMzMzMJkAAAAAAAAAnQDMzMzMzMydAZmZmZmZmJ0CamZmZmZknQM3MzMzMzCdAAAAAAAAAKEAzMzMzMzMoQGZmZmZmZihAmpmZmZmZKEDNzMzMzMwoQAAAAAAAAClAMzMzMzMzKUBmZmZmZmYpQJqZmZmZmSlAzczMzMzMKUAAAAAAAAAqQDMzMzMzMypAZmZmZmZmKkCamZmZmZkqQM3MzMzMzCpAAAAAAAAAK0AzMzMzMzMrQGZmZmZmZitAmpmZmZmZK0DNzMzMzMwrQAAAAAAAACxAMzMzMzMzLEBmZmZmZmYsQJqZmZmZmSxAzczMzMzMLEAAAAAAAAAtQDMzMzMzMy1AZmZmZmZmLUCamZmZmZktQM3MzMzMzC1AAAAAAAAALkAzMzMzMzMuQGZmZmZmZi5AmpmZmZmZLkDNzMzMzMwuQAAAAAAAAC9AMzMzMzMzL0BmZmZmZmYvQJqZmZmZmS9AzczMzMzML0AAAAAAAAAwQJqZmZmZGTBAMzMzMzMzMEDNzMzMzEwwQGZmZmZmZjBAAAAAAACAMECamZmZmZkwQDMzMzMzszBAzczMzMzMMEBmZmZmZuYwQAAAAAAAADFAmpmZmZkZMUAzMzMzMzMxQM3MzMzMTDFAZmZmZmZmMUAAAAAAAIAxQJqZmZmZmTFAMzMzMzOzMUDNzMzMzMwxQGZmZmZm5jFAAAAAAAAAMkCamZmZmRkyQDMzMzMzMzJAzczMzMxMMkBmZmZmZmYyQAAAAAAAgDJAmpmZmZmZMkAzMzMzM7MyQM3MzMzMzDJAZmZmZmbmMkAAAAAAAAAzQJqZmZmZGTNAMzMzMzMzM0DNzMzMzEwzQGZmZmZmZjNAAAAAAACAM0CamZmZmZkzQDMzMzMzszNAzczMzMzMM0BmZmZmZuYzQAAAAAAAADRAmpmZmZkZNEAzMzMzMzM0QM3MzMzMTDRAZmZmZmZmNEAAAAAAAIA0QJqZmZmZmTRAMzMzMzOzNEDNzMzMzMw0QGZmZmZm5jRAAAAAAAAANUCamZmZmRk1QDMzMzMzMzVAzczMzMxMNUBmZmZmZmY1QAAAAAAAgDVAmpmZmZmZNUAzMzMzM7M1QM3MzMzMzDVAZmZmZmbmNUAAAAAAAAA2QJqZmZmZGTZAMzMzMzMzNkDNzMzMzEw2QGZmZmZmZjZAAAAAAACANkCamZmZmZk2QDMzMzMzszZAzczMzMzMNkBmZmZmZuY2QAAAAAAAADdAmpmZmZkZN0AzMzMzMzM3QM3MzMzMTDdAZmZmZmZmN0AAAAAAAIA3QJqZmZmZmTdAMzMzMzOzN0DNzMzMzMw3QGZmZmZm5jdAAAAAAAAAOECamZmZmRk4QDMzMzMzMzhAzczMzMxMOEBmZmZmZmY4QAAAAAAAgDhAmpmZmZmZOEAzMzMzM7M4QM3MzMzMzDhAZmZmZmbmOEAAAAAAAAA5QJqZmZmZGTlAMzMzMzMzOUDNzMzMzEw5QGZmZmZmZjlAAAAAAACAOUCamZmZmZk5QDMzMzMzszlAzczMzMzMOUBmZmZmZuY5QAAAAAAAADpAmpmZmZkZOkAzMzMzMzM6QM3MzMzMTDpAZmZmZmZmOkAAAAAAAIA6QJqZmZmZmTpAMzMzMzOzOkDNzMzMzMw6QGZmZmZm5jpAAAAAAAAAO0CamZmZmRk7QDMzMzMzMztAzczMzMxMO0BmZmZmZmY7QAAAAAAAgDtAmpmZmZmZO0AzMzMzM7M7QM3MzMzMzDtAZmZmZmbmO0AAAAAAAAA8QJqZmZmZGTxAMzMzMzMzPEDNzMzMzEw8QGZmZmZmZjxAAAAAAACAPECamZmZmZk8QDMzMzMzszxAzczMzMzMPEBmZmZmZuY8QAAAAAAAAD1AmpmZmZkZPUAzMzMzMzM9QM3MzMzMTD1AZmZmZmZmPUAAAAAAAIA9QJqZmZmZmT1AMzMzMzOzPUDNzMzMzMw9QGZmZmZm5j1AAAAAAAAAPkCamZmZmRk+QDMzMzMzMz5AzczMzMxMPkBmZmZmZmY+QAAAAAAAgD5AmpmZmZmZPkAzMzMzM7M+QM3MzMzMzD5AZmZmZmbmPkAAAAAAAAA/QJqZmZmZGT9AMzMzMzMzP0DNzMzMzEw/QGZmZmZmZj9AAAAAAACAP0CamZmZmZk/QDMzMzMzsz9AzczMzMzMP0BmZmZmZuY/QAAAAAAAAEBAzczMzMwMQECamZmZmRlAQGZmZmZmJkBAMzMzMzMzQEAAAAAAAEBAQM3MzMzMTEBAmpmZmZlZQEBmZmZmZmZAQDMzMzMzc0BAAAAAAACAQEDNzMzMzIxAQJqZmZmZmUBAZmZmZmamQEAzMzMzM7NAQAAAAAAAwEBAzczMzMzMQECamZmZmdlAQGZmZmZm5kBAMzMzMzPzQEAAAAAAAABBQM3MzMzMDEFAmpmZmZkZQUBmZmZmZiZBQDMzMzMzM0FAAAAAAABAQUDNzMzMzExBQJqZmZmZWUFAZmZmZmZmQUAzMzMzM3NBQAAAAAAAgEFAzczMzMyMQUCamZmZmZlBQGZmZmZmpkFAMzMzMzOzQUAAAAAAAMBBQM3MzMzMzEFAmpmZmZnZQUBmZmZmZuZBQDMzMzMz80FAAAAAAAAAQkDNzMzMzAxCQJqZmZmZGUJAZmZmZmYmQkAzMzMzMzNCQAAAAAAAQEJAzczMzMxMQkCamZmZmVlCQGZmZmZmZkJAMzMzMzNzQkAAAAAAAIBCQM3MzMzMjEJAmpmZmZmZQkBmZmZmZqZCQDMzMzMzs0JAAAAAAADAQkDNzMzMzMxCQJqZmZmZ2UJAZmZmZmbmQkAzMzMzM/NCQAAAAAAAAENAzczMzMwMQ0CamZmZmRlDQGZmZmZmJkNAMzMzMzMzQ0AAAAAAAEBDQM3MzMzMTENAmpmZmZlZQ0BmZmZmZmZDQDMzMzMzc0NAAAAAAACAQ0DNzMzMzIxDQJqZmZmZmUNAZmZmZmamQ0AzMzMzM7NDQAAAAAAAwENAzczMzMzMQ0CamZmZmdlDQGZmZmZm5kNAMzMzMzPzQ0AAAAAAAABEQM3MzMzMDERAmpmZmZkZREBmZmZmZiZEQDMzMzMzM0RAAAAAAABAREDNzMzMzExEQJqZmZmZWURAZmZmZmZmREAzMzMzM3NEQAAAAAAAgERAzczMzMyMRECamZmZmZlEQGZmZmZmpkRAMzMzMzOzREAAAAAAAMBEQM3MzMzMzERAmpmZmZnZREBmZmZmZuZEQDMzMzMz80RAAAAAAAAARUDNzMzMzAxFQJqZmZmZGUVAZmZmZmYmRUAzMzMzMzNFQAAAAAAAQEVAzczMzMxMRUCamZmZmVlFQGZmZmZmZkVAMzMzMzNzRUAAAAAAAIBFQM3MzMzMjEVAmpmZmZmZRUBmZmZmZqZFQDMzMzMzs0VAAAAAAADARUDNzMzMzMxFQJqZmZmZ2UVAZmZmZmbmRUAzMzMzM/NFQAAAAAAAAEZAzczMzMwMRkCamZmZmRlGQGZmZmZmJkZAMzMzMzMzRkAAAAAAAEBGQM3MzMzMTEZAmpmZmZlZRkBmZmZmZmZGQDMzMzMzc0ZAAAAAAACARkDNzMzMzIxGQJqZmZmZmUZAZmZmZmamRkAzMzMzM7NGQAAAAAAAwEZAzczMzMzMRkCamZmZmdlGQGZmZmZm5kZAMzMzMzPzRkAAAAAAAABHQM3MzMzMDEdAmpmZmZkZR0BmZmZmZiZHQDMzMzMzM0dAAAAAAABAR0DNzMzMzExHQJqZmZmZWUdAZmZmZmZmR0AzMzMzM3NHQAAAAAAAgEdAzczMzMyMR0CamZmZmZlHQGZmZmZmpkdAMzMzMzOzR0AAAAAAAMBHQM3MzMzMzEdAmpmZmZnZR0BmZmZmZuZHQDMzMzMz80dAAAAAAAAASEDNzMzMzAxIQJqZmZmZGUhAZmZmZmYmSEAzMzMzMzNIQAAAAAAAQEhAzczMzMxMSECamZmZmVlIQGZmZmZmZkhAMzMzMzNzSEAAAAAAAIBIQM3MzMzMjEhAmpmZmZmZSEBmZmZmZqZIQDMzMzMzs0hAAAAAAADASEDNzMzMzMxIQJqZmZmZ2UhAZmZmZmbmSEAzMzMzM/NIQAAAAAAAAElAzczMzMwMSUCamZmZmRlJQGZmZmZmJklAMzMzMzMzSUAAAAAAAEBJQM3MzMzMTElAmpmZmZlZSUBmZmZmZmZJQDMzMzMzc0lAAAAAAACASUDNzMzMzIxJQJqZmZmZmUlAZmZmZmamSUAzMzMzM7NJQAAAAAAAwElAzczMzMzMSUCamZmZmdlJQGZmZmZm5klAMzMzMzPzSUAAAAAAAABKQM3MzMzMDEpAmpmZmZkZSkBmZmZmZiZKQDMzMzMzM0pAAAAAAABASkDNzMzMzExKQJqZmZmZWUpAZmZmZmZmSkAzMzMzM3NKQAAAAAAAgEpAzczMzMyMSkCamZmZmZlKQGZmZmZmpkpAMzMzMzOzSkAAAAAAAMBKQM3MzMzMzEpAmpmZmZnZSkBmZmZmZuZKQDMzMzMz80pAAAAAAAAAS0DNzMzMzAxLQJqZmZmZGUtAZmZmZmYmS0AzMzMzMzNLQAAAAAAAQEtAzczMzMxMS0CamZmZmVlLQGZmZmZmZktAMzMzMzNzS0AAAAAAAIBLQM3MzMzMjEtAmpmZmZmZS0BmZmZmZqZLQDMzMzMzs0tAAAAAAADAS0DNzMzMzMxLQJqZmZmZ2UtAZmZmZmbmS0AzMzMzM/NLQAAAAAAAAExAzczMzMwMTECamZmZmRlMQGZmZmZmJkxAMzMzMzMzTEAAAAAAAEBMQM3MzMzMTExAmpmZmZlZTEBmZmZmZmZMQDMzMzMzc0xAAAAAAACATEDNzMzMzIxMQJqZmZmZmUxAZmZmZmamTEAzMzMzM7NMQAAAAAAAwExAzczMzMzMTECamZmZmdlMQGZmZmZm5kxAMzMzMzPzTEAAAAAAAABNQM3MzMzMDE1AmpmZmZkZTUBmZmZmZiZNQDMzMzMzM01AAAAAAABATUDNzMzMzExNQJqZmZmZWU1AZmZmZmZmTUAzMzMzM3NNQAAAAAAAgE1AzczMzMyMTUCamZmZmZlNQGZmZmZmpk1AMzMzMzOzTUAAAAAAAMBNQM3MzMzMzE1AmpmZmZnZTUBmZmZmZuZNQDMzMzMz801A\"}');
CREATE TABLE `world` (
  `experimenter` varchar(40) NOT NULL,
  `experiment_id` smallint(6) NOT NULL,
  `session_id` int(11) NOT NULL,
  `behaviourrig_id` smallint(6) NOT NULL,
  `dlc_training` enum('False','True') NOT NULL DEFAULT 'False' COMMENT ':enum(''False'', ''True''):whether its videos may train a DeepLabCut model',
  PRIMARY KEY (`experimenter`,`experiment_id`,`session_id`),
  KEY `experimenter` (`experimenter`,`behaviourrig_id`),
  CONSTRAINT `world_ibfk_1` FOREIGN KEY (`experimenter`, `experiment_id`, `session_id`) REFERENCES `antelop_ingest_metadata`.`session` (`experimenter`, `experiment_id`, `session_id`) ON UPDATE CASCADE,
  CONSTRAINT `world_ibfk_2` FOREIGN KEY (`experimenter`, `behaviourrig_id`) REFERENCES `behaviour_rig` (`experimenter`, `behaviourrig_id`) ON UPDATE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
INSERT INTO `world` VALUES ('lab',1,41,1,'False');
CREATE TABLE `~lineage` (
  `table_name` varchar(64) NOT NULL COMMENT 'table name within the schema',
  `attribute_name` varchar(64) NOT NULL COMMENT 'attribute name',
  `lineage` varchar(255) NOT NULL COMMENT 'origin: schema.table.attribute',
  PRIMARY KEY (`table_name`,`attribute_name`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
INSERT INTO `~lineage` VALUES ('analog_events','animal_id','antelop_ingest_metadata.animal.animal_id');
INSERT INTO `~lineage` VALUES ('analog_events','behaviourrig_id','antelop_ingest_behaviour.behaviour_rig.behaviourrig_id');
INSERT INTO `~lineage` VALUES ('analog_events','experiment_id','antelop_ingest_metadata.experiment.experiment_id');
INSERT INTO `~lineage` VALUES ('analog_events','experimenter','antelop_ingest_metadata.experimenter.experimenter');
INSERT INTO `~lineage` VALUES ('analog_events','feature_id','antelop_ingest_behaviour.feature.feature_id');
INSERT INTO `~lineage` VALUES ('analog_events','session_id','antelop_ingest_metadata.session.session_id');
INSERT INTO `~lineage` VALUES ('behaviour_rig','behaviourrig_id','antelop_ingest_behaviour.behaviour_rig.behaviourrig_id');
INSERT INTO `~lineage` VALUES ('behaviour_rig','experimenter','antelop_ingest_metadata.experimenter.experimenter');
INSERT INTO `~lineage` VALUES ('digital_events','animal_id','antelop_ingest_metadata.animal.animal_id');
INSERT INTO `~lineage` VALUES ('digital_events','behaviourrig_id','antelop_ingest_behaviour.behaviour_rig.behaviourrig_id');
INSERT INTO `~lineage` VALUES ('digital_events','experiment_id','antelop_ingest_metadata.experiment.experiment_id');
INSERT INTO `~lineage` VALUES ('digital_events','experimenter','antelop_ingest_metadata.experimenter.experimenter');
INSERT INTO `~lineage` VALUES ('digital_events','feature_id','antelop_ingest_behaviour.feature.feature_id');
INSERT INTO `~lineage` VALUES ('digital_events','session_id','antelop_ingest_metadata.session.session_id');
INSERT INTO `~lineage` VALUES ('feature','behaviourrig_id','antelop_ingest_behaviour.behaviour_rig.behaviourrig_id');
INSERT INTO `~lineage` VALUES ('feature','experimenter','antelop_ingest_metadata.experimenter.experimenter');
INSERT INTO `~lineage` VALUES ('feature','feature_id','antelop_ingest_behaviour.feature.feature_id');
INSERT INTO `~lineage` VALUES ('interval_events','animal_id','antelop_ingest_metadata.animal.animal_id');
INSERT INTO `~lineage` VALUES ('interval_events','behaviourrig_id','antelop_ingest_behaviour.behaviour_rig.behaviourrig_id');
INSERT INTO `~lineage` VALUES ('interval_events','experiment_id','antelop_ingest_metadata.experiment.experiment_id');
INSERT INTO `~lineage` VALUES ('interval_events','experimenter','antelop_ingest_metadata.experimenter.experimenter');
INSERT INTO `~lineage` VALUES ('interval_events','feature_id','antelop_ingest_behaviour.feature.feature_id');
INSERT INTO `~lineage` VALUES ('interval_events','session_id','antelop_ingest_metadata.session.session_id');
INSERT INTO `~lineage` VALUES ('kinematics','animal_id','antelop_ingest_metadata.animal.animal_id');
INSERT INTO `~lineage` VALUES ('kinematics','behaviourrig_id','antelop_ingest_behaviour.behaviour_rig.behaviourrig_id');
INSERT INTO `~lineage` VALUES ('kinematics','experiment_id','antelop_ingest_metadata.experiment.experiment_id');
INSERT INTO `~lineage` VALUES ('kinematics','experimenter','antelop_ingest_metadata.experimenter.experimenter');
INSERT INTO `~lineage` VALUES ('kinematics','feature_id','antelop_ingest_behaviour.feature.feature_id');
INSERT INTO `~lineage` VALUES ('kinematics','session_id','antelop_ingest_metadata.session.session_id');
INSERT INTO `~lineage` VALUES ('kinematics','video_id','antelop_ingest_behaviour.video.video_id');
INSERT INTO `~lineage` VALUES ('mask','behaviourrig_id','antelop_ingest_behaviour.behaviour_rig.behaviourrig_id');
INSERT INTO `~lineage` VALUES ('mask','experiment_id','antelop_ingest_metadata.experiment.experiment_id');
INSERT INTO `~lineage` VALUES ('mask','experimenter','antelop_ingest_metadata.experimenter.experimenter');
INSERT INTO `~lineage` VALUES ('mask','mask_id','antelop_ingest_behaviour.mask_function.mask_id');
INSERT INTO `~lineage` VALUES ('mask','session_id','antelop_ingest_metadata.session.session_id');
INSERT INTO `~lineage` VALUES ('mask_function','behaviourrig_id','antelop_ingest_behaviour.behaviour_rig.behaviourrig_id');
INSERT INTO `~lineage` VALUES ('mask_function','experimenter','antelop_ingest_metadata.experimenter.experimenter');
INSERT INTO `~lineage` VALUES ('mask_function','mask_id','antelop_ingest_behaviour.mask_function.mask_id');
INSERT INTO `~lineage` VALUES ('object','animal_id','antelop_ingest_metadata.animal.animal_id');
INSERT INTO `~lineage` VALUES ('object','behaviourrig_id','antelop_ingest_behaviour.behaviour_rig.behaviourrig_id');
INSERT INTO `~lineage` VALUES ('object','experiment_id','antelop_ingest_metadata.experiment.experiment_id');
INSERT INTO `~lineage` VALUES ('object','experimenter','antelop_ingest_metadata.experimenter.experimenter');
INSERT INTO `~lineage` VALUES ('object','feature_id','antelop_ingest_behaviour.feature.feature_id');
INSERT INTO `~lineage` VALUES ('object','session_id','antelop_ingest_metadata.session.session_id');
INSERT INTO `~lineage` VALUES ('self','animal_id','antelop_ingest_metadata.animal.animal_id');
INSERT INTO `~lineage` VALUES ('self','experiment_id','antelop_ingest_metadata.experiment.experiment_id');
INSERT INTO `~lineage` VALUES ('self','experimenter','antelop_ingest_metadata.experimenter.experimenter');
INSERT INTO `~lineage` VALUES ('self','session_id','antelop_ingest_metadata.session.session_id');
INSERT INTO `~lineage` VALUES ('video','experiment_id','antelop_ingest_metadata.experiment.experiment_id');
INSERT INTO `~lineage` VALUES ('video','experimenter','antelop_ingest_metadata.experimenter.experimenter');
INSERT INTO `~lineage` VALUES ('video','session_id','antelop_ingest_metadata.session.session_id');
INSERT INTO `~lineage` VALUES ('video','video_id','antelop_ingest_behaviour.video.video_id');
INSERT INTO `~lineage` VALUES ('world','behaviourrig_id','antelop_ingest_behaviour.behaviour_rig.behaviourrig_id');
INSERT INTO `~lineage` VALUES ('world','experiment_id','antelop_ingest_metadata.experiment.experiment_id');
INSERT INTO `~lineage` VALUES ('world','experimenter','antelop_ingest_metadata.experimenter.experimenter');
INSERT INTO `~lineage` VALUES ('world','session_id','antelop_ingest_metadata.session.session_id');
CREATE DATABASE /*!32312 IF NOT EXISTS*/ `antelop_ingest_ingest` /*!40100 DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin */;
USE `antelop_ingest_ingest`;
CREATE TABLE `_ingestion` (
  `delivery_id` char(32) NOT NULL COMMENT 'hash of folder, paths, sizes, mtimes and the manifest',
  `experimenter` varchar(40) NOT NULL,
  `experiment_id` smallint(6) NOT NULL,
  `session_id` int(11) NOT NULL,
  `fingerprint` char(64) NOT NULL COMMENT ':char(64):equal for two files that hold the same recording',
  `nwb_identifier` varchar(255) NOT NULL COMMENT ':varchar(255):',
  `nwb_object_id` varchar(64) NOT NULL COMMENT ':varchar(64):',
  `nwb_sha256` char(64) DEFAULT NULL COMMENT ':char(64):',
  `rows_inserted` longtext NOT NULL COMMENT ':json:by table' CHECK (json_valid(`rows_inserted`)),
  `trials` longtext NOT NULL COMMENT ':json:by mask' CHECK (json_valid(`trials`)),
  `bytes` bigint(20) NOT NULL COMMENT ':int64:of the arrays and files that the rows refer to',
  `seconds` double NOT NULL COMMENT ':float64:',
  `software` varchar(40) NOT NULL COMMENT ':varchar(40):',
  `warnings` longtext NOT NULL COMMENT ':json:' CHECK (json_valid(`warnings`)),
  `ingested` datetime(6) NOT NULL COMMENT ':datetime(6):UTC',
  PRIMARY KEY (`delivery_id`),
  UNIQUE KEY `experimenter` (`experimenter`,`experiment_id`,`session_id`),
  UNIQUE KEY `fingerprint` (`fingerprint`),
  CONSTRAINT `_ingestion_ibfk_1` FOREIGN KEY (`delivery_id`) REFERENCES `delivery` (`delivery_id`) ON UPDATE CASCADE,
  CONSTRAINT `_ingestion_ibfk_2` FOREIGN KEY (`experimenter`, `experiment_id`, `session_id`) REFERENCES `antelop_ingest_behaviour`.`world` (`experimenter`, `experiment_id`, `session_id`) ON UPDATE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
INSERT INTO `_ingestion` VALUES ('a5c6d06faef32008f9f6a826d8e4a65c','lab',1,41,'f806788843c890c847b40bea3ffd13910946328a128a3d539eb723e51c7893f6','licking-0','84a4b4c8-34bb-5f75-8abc-34ca17d07a4d',NULL,'{\"World\": 1, \"Self\": 2, \"Video\": 1, \"Object\": 10, \"AnalogEvents\": 1, \"DigitalEvents\": 2, \"IntervalEvents\": 4, \"Kinematics\": 2}','{\"trials\": 10}',57320,0.2595083159999376,'0.1.0','[]','2026-11-30 19:22:46.060265');
CREATE TABLE `attempt` (
  `delivery_id` char(32) NOT NULL COMMENT 'hash of folder, paths, sizes, mtimes and the manifest',
  `attempt_id` int(11) NOT NULL COMMENT ':int32:',
  `outcome` enum('ingested','already-ingested','rejected','failed','unavailable') NOT NULL COMMENT ':enum(''ingested'', ''already-ingested'', ''rejected'', ''failed'', ''unavailable''):',
  `sentence` varchar(2000) NOT NULL COMMENT ':varchar(2000):',
  `problems` longtext NOT NULL COMMENT ':json:' CHECK (json_valid(`problems`)),
  `decided_by` varchar(64) NOT NULL COMMENT ':varchar(64):hash of the rig, mask, session and animal rows, check settings and software version',
  `traceback` varchar(8000) DEFAULT NULL COMMENT ':varchar(8000):',
  `attempted` datetime(6) NOT NULL COMMENT ':datetime(6):UTC',
  `seconds` double NOT NULL COMMENT ':float64:',
  PRIMARY KEY (`delivery_id`,`attempt_id`),
  CONSTRAINT `attempt_ibfk_1` FOREIGN KEY (`delivery_id`) REFERENCES `delivery` (`delivery_id`) ON UPDATE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
INSERT INTO `attempt` VALUES ('20cd938a2ea64f612b3523bc9219130c',1,'rejected','it is a text','[{\"check\": \"json\", \"where\": \"\", \"what\": \"w\", \"remedy\": \"r\"}]','',NULL,'2026-11-20 12:00:00.000000',0.5);
INSERT INTO `attempt` VALUES ('5d28a90f4498a81461efbaf6f628a19d',1,'failed','it is a text','[{\"check\": \"json\", \"where\": \"\", \"what\": \"w\", \"remedy\": \"r\"}]','',NULL,'2026-11-20 12:00:00.000000',0.5);
CREATE TABLE `delivery` (
  `delivery_id` char(32) NOT NULL COMMENT ':char(32):hash of folder, paths, sizes, mtimes and the manifest',
  `folder` varchar(100) NOT NULL COMMENT ':varchar(100):a drop folder''s name; empty for a script',
  `manifest_path` varchar(500) NOT NULL DEFAULT '' COMMENT ':varchar(500):relative to the folder',
  `manifest_size` bigint(20) NOT NULL DEFAULT 0 COMMENT ':int64:',
  `manifest_mtime` bigint(20) NOT NULL DEFAULT 0 COMMENT ':int64:nanoseconds',
  `nwb_path` varchar(500) NOT NULL COMMENT ':varchar(500):relative to the folder; absolute for a script',
  `nwb_size` bigint(20) NOT NULL COMMENT ':int64:',
  `nwb_mtime` bigint(20) NOT NULL COMMENT ':int64:nanoseconds',
  `manifest` longtext NOT NULL COMMENT ':json:' CHECK (json_valid(`manifest`)),
  `videos` longtext DEFAULT NULL COMMENT ':json:its files beside it that have settled: path, size, mtime of each' CHECK (json_valid(`videos`)),
  `state` enum('ready','waiting','ingested','already-ingested','rejected','failed','superseded') NOT NULL COMMENT ':enum(''ready'', ''waiting'', ''ingested'', ''already-ingested'', ''rejected'', ''failed'', ''superseded''):',
  `received` datetime(6) NOT NULL COMMENT ':datetime(6):when it was first seen, UTC',
  `readied` datetime(6) NOT NULL COMMENT ':datetime(6):when it was last put into the queue, UTC: attempts since then count',
  `finished` datetime(6) DEFAULT NULL COMMENT ':datetime(6):UTC',
  PRIMARY KEY (`delivery_id`),
  KEY `folder` (`folder`,`nwb_path`),
  KEY `folder_2` (`folder`,`manifest_path`),
  KEY `state` (`state`,`folder`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
INSERT INTO `delivery` VALUES ('20cd938a2ea64f612b3523bc9219130c','rig','rejected.manifest.json',10,1,'rejected.nwb',100,2,'{\"text\": \"no manifest\"}',NULL,'rejected','2026-11-20 12:00:00.000000','2026-11-20 12:00:00.000000','2026-11-20 12:00:00.000000');
INSERT INTO `delivery` VALUES ('5d28a90f4498a81461efbaf6f628a19d','rig','failed.manifest.json',10,1,'failed.nwb',100,2,'{\"text\": \"no manifest\"}',NULL,'failed','2026-11-20 12:00:00.000000','2026-11-20 12:00:00.000000','2026-11-20 12:00:00.000000');
INSERT INTO `delivery` VALUES ('80cfa3e7f28dde4df64436b652230aff','rig','waiting.manifest.json',10,1,'waiting.nwb',100,2,'{\"text\": \"no manifest\"}',NULL,'waiting','2026-11-20 12:00:00.000000','2026-11-20 12:00:00.000000',NULL);
INSERT INTO `delivery` VALUES ('a5c6d06faef32008f9f6a826d8e4a65c','','',0,0,'/data/day.nwb',299116,1796066565797055074,'{\"animals\": [{\"animal_id\": 17, \"experiment_id\": 1, \"experimenter\": \"lab\"}, {\"animal_id\": 18, \"experiment_id\": 1, \"experimenter\": \"lab\"}], \"session\": {\"experiment_id\": 1, \"experimenter\": \"lab\", \"session_id\": 41}, \"specification\": \"antelop-manifest\", \"version\": \"1.0\"}',NULL,'ingested','2026-11-30 19:22:46.060265','2026-11-30 19:22:46.060265','2026-11-30 19:22:46.060265');
INSERT INTO `delivery` VALUES ('b24d6d33736ecd5604a4b17bc9c64810','rig','ready.manifest.json',10,1,'ready.nwb',100,2,'{\"text\": \"no manifest\"}',NULL,'ready','2026-11-20 12:00:00.000000','2026-11-20 12:00:00.000000',NULL);
CREATE TABLE `schema_version` (
  `schema_name` varchar(64) NOT NULL COMMENT ':varchar(64):',
  `version` smallint(6) NOT NULL COMMENT ':int16:',
  `schema_id` char(32) NOT NULL COMMENT ':char(32):drawn when it was made; the lab''s store bears that of the schema that refers to it',
  PRIMARY KEY (`schema_name`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
INSERT INTO `schema_version` VALUES ('antelop_ingest_behaviour',1,'cf5121e841bf4d9785a87be88308cf8e');
INSERT INTO `schema_version` VALUES ('antelop_ingest_ingest',1,'7e34f393c90e4a96ba02e62b2c95ca5c');
INSERT INTO `schema_version` VALUES ('antelop_ingest_metadata',1,'22aaa6e40a954f83af4ab1cf202e83f6');
CREATE TABLE `~lineage` (
  `table_name` varchar(64) NOT NULL COMMENT 'table name within the schema',
  `attribute_name` varchar(64) NOT NULL COMMENT 'attribute name',
  `lineage` varchar(255) NOT NULL COMMENT 'origin: schema.table.attribute',
  PRIMARY KEY (`table_name`,`attribute_name`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
INSERT INTO `~lineage` VALUES ('_ingestion','delivery_id','antelop_ingest_ingest.delivery.delivery_id');
INSERT INTO `~lineage` VALUES ('_ingestion','experiment_id','antelop_ingest_metadata.experiment.experiment_id');
INSERT INTO `~lineage` VALUES ('_ingestion','experimenter','antelop_ingest_metadata.experimenter.experimenter');
INSERT INTO `~lineage` VALUES ('_ingestion','session_id','antelop_ingest_metadata.session.session_id');
INSERT INTO `~lineage` VALUES ('attempt','attempt_id','antelop_ingest_ingest.attempt.attempt_id');
INSERT INTO `~lineage` VALUES ('attempt','delivery_id','antelop_ingest_ingest.delivery.delivery_id');
INSERT INTO `~lineage` VALUES ('delivery','delivery_id','antelop_ingest_ingest.delivery.delivery_id');
INSERT INTO `~lineage` VALUES ('schema_version','schema_name','antelop_ingest_ingest.schema_version.schema_name');
INSERT INTO `~lineage` VALUES ('~~ingestion','delivery_id','antelop_ingest_ingest.~~ingestion.delivery_id');
CREATE TABLE `~~ingestion` (
  `delivery_id` char(32) NOT NULL COMMENT ':char(32):',
  `status` enum('pending','reserved','success','error','ignore') NOT NULL COMMENT ':enum(''pending'', ''reserved'', ''success'', ''error'', ''ignore''):',
  `priority` tinyint(4) NOT NULL COMMENT ':int8:',
  `created_time` datetime(3) NOT NULL DEFAULT current_timestamp(3) COMMENT ':datetime(3):',
  `scheduled_time` datetime(3) NOT NULL DEFAULT current_timestamp(3) COMMENT ':datetime(3):',
  `reserved_time` datetime(3) DEFAULT NULL COMMENT ':datetime(3):',
  `completed_time` datetime(3) DEFAULT NULL COMMENT ':datetime(3):',
  `duration` double DEFAULT NULL COMMENT ':float64:',
  `error_message` varchar(2047) NOT NULL DEFAULT '' COMMENT ':varchar(2047):',
  `error_stack` longblob DEFAULT NULL COMMENT ':<blob>:',
  `user` varchar(255) NOT NULL DEFAULT '' COMMENT ':varchar(255):',
  `host` varchar(255) NOT NULL DEFAULT '' COMMENT ':varchar(255):',
  `pid` int(11) NOT NULL DEFAULT 0 COMMENT ':int32:',
  `connection_id` bigint(20) NOT NULL DEFAULT 0 COMMENT ':int64:',
  `version` varchar(64) NOT NULL DEFAULT '' COMMENT ':varchar(64):',
  PRIMARY KEY (`delivery_id`),
  KEY `status` (`status`,`priority`,`scheduled_time`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin COMMENT='Job queue for `antelop_ingest_ingest`.`_ingestion`';
INSERT INTO `~~ingestion` VALUES ('5d28a90f4498a81461efbaf6f628a19d','pending',5,'2026-11-30 19:22:46.105','2026-11-30 19:22:46.105',NULL,NULL,NULL,'',NULL,'','',0,0,'');
INSERT INTO `~~ingestion` VALUES ('b24d6d33736ecd5604a4b17bc9c64810','pending',5,'2026-11-30 19:22:46.084','2026-11-30 19:22:46.084',NULL,NULL,NULL,'',NULL,'','',0,0,'');
