BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('v3.2.0.a');
CREATE TABLE studies (
	study_id INTEGER NOT NULL, 
	study_name VARCHAR(512) NOT NULL, 
	PRIMARY KEY (study_id)
);
INSERT INTO "studies" VALUES(1,'churn');
INSERT INTO "studies" VALUES(2,'two');
CREATE TABLE study_directions (
	study_direction_id INTEGER NOT NULL, 
	direction VARCHAR(8) NOT NULL, 
	study_id INTEGER NOT NULL, 
	objective INTEGER NOT NULL, 
	PRIMARY KEY (study_direction_id), 
	UNIQUE (study_id, objective), 
	FOREIGN KEY(study_id) REFERENCES studies (study_id)
);
INSERT INTO "study_directions" VALUES(1,'MINIMIZE',1,0);
INSERT INTO "study_directions" VALUES(2,'MINIMIZE',2,0);
INSERT INTO "study_directions" VALUES(3,'MAXIMIZE',2,1);
CREATE TABLE study_system_attributes (
	study_system_attribute_id INTEGER NOT NULL, 
	study_id INTEGER, 
	"key" VARCHAR(512), 
	value_json TEXT, 
	PRIMARY KEY (study_system_attribute_id), 
	UNIQUE (study_id, "key"), 
	FOREIGN KEY(study_id) REFERENCES studies (study_id)
);
CREATE TABLE study_user_attributes (
	study_user_attribute_id INTEGER NOT NULL, 
	study_id INTEGER, 
	"key" VARCHAR(512), 
	value_json TEXT, 
	PRIMARY KEY (study_user_attribute_id), 
	UNIQUE (study_id, "key"), 
	FOREIGN KEY(study_id) REFERENCES studies (study_id)
);
INSERT INTO "study_user_attributes" VALUES(1,1,'team','"a"');
CREATE TABLE trial_heartbeats (
	trial_heartbeat_id INTEGER NOT NULL, 
	trial_id INTEGER NOT NULL, 
	heartbeat DATETIME NOT NULL, 
	PRIMARY KEY (trial_heartbeat_id), 
	UNIQUE (trial_id), 
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);
CREATE TABLE trial_intermediate_values (
	trial_intermediate_value_id INTEGER NOT NULL, 
	trial_id INTEGER NOT NULL, 
	step INTEGER NOT NULL, 
	intermediate_value FLOAT, 
	intermediate_value_type VARCHAR(7) NOT NULL, 
	PRIMARY KEY (trial_intermediate_value_id), 
	UNIQUE (trial_id, step), 
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);
INSERT INTO "trial_intermediate_values" VALUES(1,1,0,-0.165955990594852,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(2,1,1,0.834044009405148,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(3,1,2,1.83404400940514800133e+00,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(4,2,0,-8.15322810462404401476e-01,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(5,2,1,1.84677189537595598523e-01,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(6,2,2,1.18467718953759559852e+00,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(7,3,0,-1.61610971193410390966e-01,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(8,3,1,8.38389028806589609033e-01,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(9,4,0,3.4093502035680445239e-01,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(10,4,1,1.34093502035680445239e+00,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(11,4,2,2.34093502035680423034e+00,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(12,5,0,6.01489137351073344106e-01,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(13,5,1,1.6014891373510733441e+00,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(14,5,2,2.60148913735107356615e+00,'FINITE');
CREATE TABLE trial_params (
	param_id INTEGER NOT NULL, 
	trial_id INTEGER, 
	param_name VARCHAR(512), 
	param_value FLOAT, 
	distribution_json TEXT, 
	PRIMARY KEY (param_id), 
	UNIQUE (trial_id, param_name), 
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);
INSERT INTO "trial_params" VALUES(1,1,'x',-0.165955990594852,'{"name": "FloatDistribution", "attributes": {"step": null, "low": -1.0, "high": 1.0, "log": false}}');
INSERT INTO "trial_params" VALUES(2,1,'kind',0.0,'{"name": "CategoricalDistribution", "attributes": {"choices": ["a", "b", null]}}');
INSERT INTO "trial_params" VALUES(3,1,'n',1.0,'{"name": "IntDistribution", "attributes": {"log": true, "step": 1, "low": 1, "high": 9}}');
INSERT INTO "trial_params" VALUES(4,2,'x',-8.15322810462404401476e-01,'{"name": "FloatDistribution", "attributes": {"step": null, "low": -1.0, "high": 1.0, "log": false}}');
INSERT INTO "trial_params" VALUES(5,2,'kind',2.0,'{"name": "CategoricalDistribution", "attributes": {"choices": ["a", "b", null]}}');
INSERT INTO "trial_params" VALUES(6,2,'n',2.0,'{"name": "IntDistribution", "attributes": {"log": true, "step": 1, "low": 1, "high": 9}}');
INSERT INTO "trial_params" VALUES(7,3,'x',-1.61610971193410390966e-01,'{"name": "FloatDistribution", "attributes": {"step": null, "low": -1.0, "high": 1.0, "log": false}}');
INSERT INTO "trial_params" VALUES(8,3,'kind',2.0,'{"name": "CategoricalDistribution", "attributes": {"choices": ["a", "b", null]}}');
INSERT INTO "trial_params" VALUES(9,3,'n',1.0,'{"name": "IntDistribution", "attributes": {"log": true, "step": 1, "low": 1, "high": 9}}');
INSERT INTO "trial_params" VALUES(10,4,'x',3.4093502035680445239e-01,'{"name": "FloatDistribution", "attributes": {"step": null, "low": -1.0, "high": 1.0, "log": false}}');
INSERT INTO "trial_params" VALUES(11,4,'kind',1.0,'{"name": "CategoricalDistribution", "attributes": {"choices": ["a", "b", null]}}');
INSERT INTO "trial_params" VALUES(12,4,'n',1.0,'{"name": "IntDistribution", "attributes": {"log": true, "step": 1, "low": 1, "high": 9}}');
INSERT INTO "trial_params" VALUES(13,5,'x',6.01489137351073344106e-01,'{"name": "FloatDistribution", "attributes": {"step": null, "low": -1.0, "high": 1.0, "log": false}}');
INSERT INTO "trial_params" VALUES(14,5,'kind',0.0,'{"name": "CategoricalDistribution", "attributes": {"choices": ["a", "b", null]}}');
INSERT INTO "trial_params" VALUES(15,5,'n',7.0,'{"name": "IntDistribution", "attributes": {"log": true, "step": 1, "low": 1, "high": 9}}');
INSERT INTO "trial_params" VALUES(16,7,'x',4.35994902142003759593e-01,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.0, "high": 1.0, "log": false}}');
INSERT INTO "trial_params" VALUES(17,8,'x',2.59262318278913328484e-02,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.0, "high": 1.0, "log": false}}');
CREATE TABLE trial_system_attributes (
	trial_system_attribute_id INTEGER NOT NULL, 
	trial_id INTEGER, 
	"key" VARCHAR(512), 
	value_json TEXT, 
	PRIMARY KEY (trial_system_attribute_id), 
	UNIQUE (trial_id, "key"), 
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);
INSERT INTO "trial_system_attributes" VALUES(1,6,'fixed_params','{"x": 0.5}');
CREATE TABLE trial_user_attributes (
	trial_user_attribute_id INTEGER NOT NULL, 
	trial_id INTEGER, 
	"key" VARCHAR(512), 
	value_json TEXT, 
	PRIMARY KEY (trial_user_attribute_id), 
	UNIQUE (trial_id, "key"), 
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);
INSERT INTO "trial_user_attributes" VALUES(1,1,'who','{"a": 1}');
INSERT INTO "trial_user_attributes" VALUES(2,2,'who','{"a": 1}');
INSERT INTO "trial_user_attributes" VALUES(3,3,'who','{"a": 1}');
INSERT INTO "trial_user_attributes" VALUES(4,4,'who','{"a": 1}');
INSERT INTO "trial_user_attributes" VALUES(5,5,'who','{"a": 1}');
CREATE TABLE trial_values (
	trial_value_id INTEGER NOT NULL, 
	trial_id INTEGER NOT NULL, 
	objective INTEGER NOT NULL, 
	value FLOAT, 
	value_type VARCHAR(7) NOT NULL, 
	PRIMARY KEY (trial_value_id), 
	UNIQUE (trial_id, objective), 
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);
INSERT INTO "trial_values" VALUES(1,1,0,2.75413908143186045296e-02,'FINITE');
INSERT INTO "trial_values" VALUES(2,2,0,6.6475128526031379561e-01,'FINITE');
INSERT INTO "trial_values" VALUES(3,3,0,8.38389028806589609033e-01,'FINITE');
INSERT INTO "trial_values" VALUES(4,5,0,3.61789182351338389764e-01,'FINITE');
INSERT INTO "trial_values" VALUES(5,7,0,4.35994902142003759593e-01,'FINITE');
INSERT INTO "trial_values" VALUES(6,7,1,NULL,'INF_POS');
INSERT INTO "trial_values" VALUES(7,8,0,2.59262318278913328484e-02,'FINITE');
INSERT INTO "trial_values" VALUES(8,8,1,NULL,'INF_POS');
CREATE TABLE trials (
	trial_id INTEGER NOT NULL, 
	number INTEGER, 
	study_id INTEGER, 
	state VARCHAR(8) NOT NULL, 
	datetime_start DATETIME, 
	datetime_complete DATETIME, 
	PRIMARY KEY (trial_id), 
	FOREIGN KEY(study_id) REFERENCES studies (study_id)
);
INSERT INTO "trials" VALUES(1,0,1,'COMPLETE','2026-11-26 18:21:20.886663','2026-11-26 18:21:21.208415');
INSERT INTO "trials" VALUES(2,1,1,'COMPLETE','2026-11-26 18:21:21.280380','2026-11-26 18:21:21.571545');
INSERT INTO "trials" VALUES(3,2,1,'PRUNED','2026-11-26 18:21:21.638956','2026-11-26 18:21:21.884214');
INSERT INTO "trials" VALUES(4,3,1,'FAIL','2026-11-26 18:21:21.936259','2026-11-26 18:21:22.245622');
INSERT INTO "trials" VALUES(5,4,1,'COMPLETE','2026-11-26 18:21:22.287985','2026-11-26 18:21:22.594207');
INSERT INTO "trials" VALUES(6,5,1,'WAITING',NULL,NULL);
INSERT INTO "trials" VALUES(7,0,2,'COMPLETE','2026-11-26 18:21:23.106592','2026-11-26 18:21:23.230451');
INSERT INTO "trials" VALUES(8,1,2,'COMPLETE','2026-11-26 18:21:23.311817','2026-11-26 18:21:23.424816');
CREATE TABLE version_info (
	version_info_id INTEGER NOT NULL, 
	schema_version INTEGER, 
	library_version VARCHAR(256), 
	PRIMARY KEY (version_info_id), 
	CHECK (version_info_id=1)
);
INSERT INTO "version_info" VALUES(1,12,'5.0.0');
CREATE UNIQUE INDEX ix_studies_study_name ON studies (study_name);
CREATE INDEX ix_trials_study_id ON trials (study_id);
COMMIT;
