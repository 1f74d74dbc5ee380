BEGIN TRANSACTION;
CREATE TABLE "datasets" (
	dataset_uuid VARCHAR(36) NOT NULL, 
	experiment_id INTEGER NOT NULL, 
	name VARCHAR(500) NOT NULL, 
	digest VARCHAR(36) NOT NULL, 
	dataset_source_type VARCHAR(36) NOT NULL, 
	dataset_source TEXT NOT NULL, 
	dataset_schema TEXT, 
	dataset_profile TEXT, 
	CONSTRAINT dataset_pk PRIMARY KEY (experiment_id, name, digest), 
	CONSTRAINT fk_datasets_experiment_id_experiments FOREIGN KEY(experiment_id) REFERENCES experiments (experiment_id) ON DELETE CASCADE
);
INSERT INTO "datasets" VALUES('f25467c91d43409ba2a6b69c377ea774',1,'train','85abe2dc','code','{"tags": {"mlflow.user": "root", "mlflow.source.name": "train.py", "mlflow.source.type": "LOCAL"}}','{"mlflow_colspec": [{"type": "long", "name": "x", "required": true}]}','{"num_rows": 3, "num_elements": 3}');
CREATE TABLE "experiment_tags" (
	"key" VARCHAR(250) NOT NULL, 
	value TEXT, 
	experiment_id INTEGER NOT NULL, 
	CONSTRAINT experiment_tag_pk PRIMARY KEY ("key", experiment_id), 
	FOREIGN KEY(experiment_id) REFERENCES experiments (experiment_id)
);
CREATE TABLE "experiments" (
	experiment_id INTEGER NOT NULL, 
	name VARCHAR(256) NOT NULL, 
	artifact_location VARCHAR(256), 
	lifecycle_stage VARCHAR(32), 
	creation_time BIGINT, 
	last_update_time BIGINT, 
	workspace VARCHAR(63) DEFAULT 'default' NOT NULL, 
	CONSTRAINT experiment_pk PRIMARY KEY (experiment_id), 
	CONSTRAINT experiments_lifecycle_stage CHECK (lifecycle_stage IN ('active', 'deleted')), 
	CONSTRAINT uq_experiments_workspace_name UNIQUE (workspace, name)
);
INSERT INTO "experiments" VALUES(0,'Default','/tmp/tmpum6tmpxk/mlruns/0','active',1795690085068,1795690085068,'default');
INSERT INTO "experiments" VALUES(1,'churn','/tmp/tmpum6tmpxk/mlruns/1','active',1795690085110,1795690085110,'default');
INSERT INTO "experiments" VALUES(2,'old','/tmp/tmpum6tmpxk/mlruns/2','deleted',1795690085686,1795690085742,'default');
CREATE TABLE input_tags (
	input_uuid VARCHAR(36) NOT NULL, 
	name VARCHAR(255) NOT NULL, 
	value VARCHAR(500) NOT NULL, 
	CONSTRAINT input_tags_pk PRIMARY KEY (input_uuid, name)
);
INSERT INTO "input_tags" VALUES('f9d3003931de4b4aa83ceae4e78092a8','mlflow.data.context','training');
CREATE TABLE inputs (
	input_uuid VARCHAR(36) NOT NULL, 
	source_type VARCHAR(36) NOT NULL, 
	source_id VARCHAR(36) NOT NULL, 
	destination_type VARCHAR(36) NOT NULL, 
	destination_id VARCHAR(36) NOT NULL, step BIGINT DEFAULT '0' NOT NULL, 
	CONSTRAINT inputs_pk PRIMARY KEY (source_type, source_id, destination_type, destination_id)
);
INSERT INTO "inputs" VALUES('f9d3003931de4b4aa83ceae4e78092a8','DATASET','f25467c91d43409ba2a6b69c377ea774','RUN','087e557e85704d7da2e3ff07c10d1f5e',0);
INSERT INTO "inputs" VALUES('83709b80a0d4454fbea61bdea9a9a956','RUN_OUTPUT','de95a510dcf14a518a3b50c0e699dafc','MODEL_OUTPUT','m-fc06ebc64ad4492b8427a907db038215',0);
CREATE TABLE logged_models (
	model_id VARCHAR(36) NOT NULL, 
	experiment_id INTEGER NOT NULL, 
	name VARCHAR(500) NOT NULL, 
	artifact_location VARCHAR(1000) NOT NULL, 
	creation_timestamp_ms BIGINT NOT NULL, 
	last_updated_timestamp_ms BIGINT NOT NULL, 
	status INTEGER NOT NULL, 
	lifecycle_stage VARCHAR(32), 
	model_type VARCHAR(500), 
	source_run_id VARCHAR(32), 
	status_message VARCHAR(1000), 
	CONSTRAINT logged_models_pk PRIMARY KEY (model_id), 
	CONSTRAINT logged_models_lifecycle_stage_check CHECK (lifecycle_stage IN ('active', 'deleted')), 
	CONSTRAINT fk_logged_models_experiment_id FOREIGN KEY(experiment_id) REFERENCES experiments (experiment_id) ON DELETE CASCADE
);
INSERT INTO "logged_models" VALUES('m-fc06ebc64ad4492b8427a907db038215',1,'clf','/tmp/tmpum6tmpxk/mlruns/1/models/m-fc06ebc64ad4492b8427a907db038215/artifacts',1795690088063,1795690098267,2,'active',NULL,'de95a510dcf14a518a3b50c0e699dafc',NULL);
CREATE TABLE "metrics" (
	"key" VARCHAR(250) NOT NULL, 
	value FLOAT NOT NULL, 
	timestamp BIGINT NOT NULL, 
	run_uuid VARCHAR(32) NOT NULL, 
	step BIGINT DEFAULT '0' NOT NULL, 
	is_nan BOOLEAN DEFAULT '0' NOT NULL, 
	CONSTRAINT metric_pk PRIMARY KEY ("key", timestamp, step, run_uuid, value, is_nan), 
	FOREIGN KEY(run_uuid) REFERENCES runs (run_uuid), 
	CHECK (is_nan IN (0, 1))
);
INSERT INTO "metrics" VALUES('loss',1.0,1795690085316,'b38bb95bec1548fab3cc5d21977ba319',0,0);
INSERT INTO "metrics" VALUES('loss',0.5,1795690085345,'b38bb95bec1548fab3cc5d21977ba319',1,0);
INSERT INTO "metrics" VALUES('loss',3.33333333333333314829e-01,1795690085366,'b38bb95bec1548fab3cc5d21977ba319',2,0);
INSERT INTO "metrics" VALUES('loss',0.25,1795690085385,'b38bb95bec1548fab3cc5d21977ba319',3,0);
INSERT INTO "metrics" VALUES('loss',0.2,1795690085395,'b38bb95bec1548fab3cc5d21977ba319',4,0);
INSERT INTO "metrics" VALUES('odd',0.0,1795690085406,'b38bb95bec1548fab3cc5d21977ba319',0,1);
INSERT INTO "metrics" VALUES('odd',1.79769313486231562234e+308,1795690085435,'b38bb95bec1548fab3cc5d21977ba319',1,0);
INSERT INTO "metrics" VALUES('odd',-1.79769313486231562234e+308,1795690085447,'b38bb95bec1548fab3cc5d21977ba319',2,0);
INSERT INTO "metrics" VALUES('a/b c',3.5,1795690085507,'087e557e85704d7da2e3ff07c10d1f5e',0,0);
INSERT INTO "metrics" VALUES('m',1.0,1795690085634,'c4be9a5b0efa42ecb8e98287e256d321',0,0);
INSERT INTO "metrics" VALUES('m',2.0,1795690085716,'e3dc293949c044eb96c79c2b1f6a6ce6',0,0);
INSERT INTO "metrics" VALUES('loss',1.0,1795690098621,'221ae3de40534e729deaf8a53ba6594c',0,0);
CREATE TABLE "model_versions" (
	name VARCHAR(256) NOT NULL, 
	version INTEGER NOT NULL, 
	creation_time BIGINT, 
	last_updated_time BIGINT, 
	description VARCHAR(5000), 
	user_id VARCHAR(256), 
	current_stage VARCHAR(20), 
	source VARCHAR(500), 
	run_id VARCHAR(32), 
	status VARCHAR(20), 
	status_message VARCHAR(500), 
	run_link VARCHAR(500), 
	storage_location VARCHAR(500), 
	workspace VARCHAR(63) DEFAULT 'default' NOT NULL, 
	CONSTRAINT model_version_pk PRIMARY KEY (workspace, name, version), 
	CONSTRAINT fk_model_versions_registered_models FOREIGN KEY(workspace, name) REFERENCES registered_models (workspace, name) ON UPDATE CASCADE
);
INSERT INTO "model_versions" VALUES('churn-model',1,1795690098404,1795690098404,NULL,NULL,'None','models:/m-fc06ebc64ad4492b8427a907db038215','de95a510dcf14a518a3b50c0e699dafc','READY',NULL,NULL,'/tmp/tmpum6tmpxk/mlruns/1/models/m-fc06ebc64ad4492b8427a907db038215/artifacts','default');
CREATE TABLE "params" (
	"key" VARCHAR(250) NOT NULL, 
	value VARCHAR(8000) NOT NULL, 
	run_uuid VARCHAR(32) NOT NULL, 
	CONSTRAINT param_pk PRIMARY KEY ("key", run_uuid), 
	FOREIGN KEY(run_uuid) REFERENCES runs (run_uuid)
);
INSERT INTO "params" VALUES('lr','0.1','b38bb95bec1548fab3cc5d21977ba319');
INSERT INTO "params" VALUES('depth','4','b38bb95bec1548fab3cc5d21977ba319');
CREATE TABLE "registered_models" (
	name VARCHAR(256) NOT NULL, 
	creation_time BIGINT, 
	last_updated_time BIGINT, 
	description VARCHAR(5000), 
	workspace VARCHAR(63) DEFAULT 'default' NOT NULL, 
	CONSTRAINT registered_model_pk PRIMARY KEY (workspace, name)
);
INSERT INTO "registered_models" VALUES('churn-model',1795690098354,1795690098404,NULL,'default');
CREATE TABLE "runs" (
	run_uuid VARCHAR(32) NOT NULL, 
	name VARCHAR(250), 
	source_type VARCHAR(20), 
	source_name VARCHAR(500), 
	entry_point_name VARCHAR(50), 
	user_id VARCHAR(256), 
	status VARCHAR(9), 
	start_time BIGINT, 
	end_time BIGINT, 
	source_version VARCHAR(50), 
	lifecycle_stage VARCHAR(20), 
	artifact_uri VARCHAR(200), 
	experiment_id INTEGER, deleted_time BIGINT, 
	CONSTRAINT run_pk PRIMARY KEY (run_uuid), 
	CONSTRAINT source_type CHECK (source_type IN ('NOTEBOOK', 'JOB', 'LOCAL', 'UNKNOWN', 'PROJECT')), 
	CONSTRAINT runs_lifecycle_stage CHECK (lifecycle_stage IN ('active', 'deleted')), 
	FOREIGN KEY(experiment_id) REFERENCES experiments (experiment_id), 
	CHECK (status IN ('SCHEDULED', 'FAILED', 'FINISHED', 'RUNNING', 'KILLED'))
);
INSERT INTO "runs" VALUES('b38bb95bec1548fab3cc5d21977ba319','parent','UNKNOWN','','','root','FINISHED',1795690085247,1795690085572,'','active','/tmp/tmpum6tmpxk/mlruns/1/b38bb95bec1548fab3cc5d21977ba319/artifacts',1,NULL);
INSERT INTO "runs" VALUES('087e557e85704d7da2e3ff07c10d1f5e','child','UNKNOWN','','','root','FINISHED',1795690085491,1795690085555,'','active','/tmp/tmpum6tmpxk/mlruns/1/087e557e85704d7da2e3ff07c10d1f5e/artifacts',1,NULL);
INSERT INTO "runs" VALUES('a05dc18916d24bac9d9e178067a76afd','bad','UNKNOWN','','','root','FAILED',1795690085581,1795690085602,'','active','/tmp/tmpum6tmpxk/mlruns/1/a05dc18916d24bac9d9e178067a76afd/artifacts',1,NULL);
INSERT INTO "runs" VALUES('c4be9a5b0efa42ecb8e98287e256d321','gone','UNKNOWN','','','root','FINISHED',1795690085610,1795690085649,'','deleted','/tmp/tmpum6tmpxk/mlruns/1/c4be9a5b0efa42ecb8e98287e256d321/artifacts',1,1795690085666);
INSERT INTO "runs" VALUES('e3dc293949c044eb96c79c2b1f6a6ce6','of old','UNKNOWN','','','root','FINISHED',1795690085702,1795690085733,'','deleted','/tmp/tmpum6tmpxk/mlruns/2/e3dc293949c044eb96c79c2b1f6a6ce6/artifacts',2,1795690085744);
INSERT INTO "runs" VALUES('de95a510dcf14a518a3b50c0e699dafc','model','UNKNOWN','','','root','FINISHED',1795690087962,1795690098563,'','active','/tmp/tmpum6tmpxk/mlruns/1/de95a510dcf14a518a3b50c0e699dafc/artifacts',1,NULL);
INSERT INTO "runs" VALUES('221ae3de40534e729deaf8a53ba6594c','live','UNKNOWN','','','root','RUNNING',1795690098594,NULL,'','active','/tmp/tmpum6tmpxk/mlruns/1/221ae3de40534e729deaf8a53ba6594c/artifacts',1,NULL);
CREATE TABLE "tags" (
	"key" VARCHAR(250) NOT NULL, 
	value VARCHAR(8000), 
	run_uuid VARCHAR(32) NOT NULL, 
	CONSTRAINT tag_pk PRIMARY KEY ("key", run_uuid), 
	FOREIGN KEY(run_uuid) REFERENCES runs (run_uuid)
);
INSERT INTO "tags" VALUES('mlflow.user','root','b38bb95bec1548fab3cc5d21977ba319');
INSERT INTO "tags" VALUES('mlflow.source.name','train.py','b38bb95bec1548fab3cc5d21977ba319');
INSERT INTO "tags" VALUES('mlflow.source.type','LOCAL','b38bb95bec1548fab3cc5d21977ba319');
INSERT INTO "tags" VALUES('mlflow.note.content','a *note*','b38bb95bec1548fab3cc5d21977ba319');
INSERT INTO "tags" VALUES('mlflow.runName','parent','b38bb95bec1548fab3cc5d21977ba319');
INSERT INTO "tags" VALUES('team','a','b38bb95bec1548fab3cc5d21977ba319');
INSERT INTO "tags" VALUES('mlflow.user','root','087e557e85704d7da2e3ff07c10d1f5e');
INSERT INTO "tags" VALUES('mlflow.source.name','train.py','087e557e85704d7da2e3ff07c10d1f5e');
INSERT INTO "tags" VALUES('mlflow.source.type','LOCAL','087e557e85704d7da2e3ff07c10d1f5e');
INSERT INTO "tags" VALUES('mlflow.parentRunId','b38bb95bec1548fab3cc5d21977ba319','087e557e85704d7da2e3ff07c10d1f5e');
INSERT INTO "tags" VALUES('mlflow.runName','child','087e557e85704d7da2e3ff07c10d1f5e');
INSERT INTO "tags" VALUES('mlflow.user','root','a05dc18916d24bac9d9e178067a76afd');
INSERT INTO "tags" VALUES('mlflow.source.name','train.py','a05dc18916d24bac9d9e178067a76afd');
INSERT INTO "tags" VALUES('mlflow.source.type','LOCAL','a05dc18916d24bac9d9e178067a76afd');
INSERT INTO "tags" VALUES('mlflow.runName','bad','a05dc18916d24bac9d9e178067a76afd');
INSERT INTO "tags" VALUES('mlflow.user','root','c4be9a5b0efa42ecb8e98287e256d321');
INSERT INTO "tags" VALUES('mlflow.source.name','train.py','c4be9a5b0efa42ecb8e98287e256d321');
INSERT INTO "tags" VALUES('mlflow.source.type','LOCAL','c4be9a5b0efa42ecb8e98287e256d321');
INSERT INTO "tags" VALUES('mlflow.runName','gone','c4be9a5b0efa42ecb8e98287e256d321');
INSERT INTO "tags" VALUES('mlflow.user','root','e3dc293949c044eb96c79c2b1f6a6ce6');
INSERT INTO "tags" VALUES('mlflow.source.name','train.py','e3dc293949c044eb96c79c2b1f6a6ce6');
INSERT INTO "tags" VALUES('mlflow.source.type','LOCAL','e3dc293949c044eb96c79c2b1f6a6ce6');
INSERT INTO "tags" VALUES('mlflow.runName','of old','e3dc293949c044eb96c79c2b1f6a6ce6');
INSERT INTO "tags" VALUES('mlflow.user','root','de95a510dcf14a518a3b50c0e699dafc');
INSERT INTO "tags" VALUES('mlflow.source.name','train.py','de95a510dcf14a518a3b50c0e699dafc');
INSERT INTO "tags" VALUES('mlflow.source.type','LOCAL','de95a510dcf14a518a3b50c0e699dafc');
INSERT INTO "tags" VALUES('mlflow.runName','model','de95a510dcf14a518a3b50c0e699dafc');
INSERT INTO "tags" VALUES('mlflow.user','root','221ae3de40534e729deaf8a53ba6594c');
INSERT INTO "tags" VALUES('mlflow.source.name','train.py','221ae3de40534e729deaf8a53ba6594c');
INSERT INTO "tags" VALUES('mlflow.source.type','LOCAL','221ae3de40534e729deaf8a53ba6594c');
INSERT INTO "tags" VALUES('mlflow.runName','live','221ae3de40534e729deaf8a53ba6594c');
CREATE INDEX index_metrics_run_uuid ON metrics (run_uuid);
CREATE INDEX index_inputs_input_uuid ON inputs (input_uuid);
CREATE INDEX index_inputs_destination_type_destination_id_source_type ON inputs (destination_type, destination_id, source_type);
CREATE INDEX index_params_run_uuid ON params (run_uuid);
CREATE INDEX index_tags_run_uuid ON tags (run_uuid);
CREATE INDEX index_datasets_experiment_id_dataset_source_type ON datasets (experiment_id, dataset_source_type);
CREATE INDEX index_datasets_dataset_uuid ON datasets (dataset_uuid);
CREATE INDEX idx_experiments_workspace ON experiments (workspace);
CREATE INDEX idx_registered_models_workspace ON registered_models (workspace);
CREATE INDEX idx_experiments_workspace_creation_time ON experiments (workspace, creation_time);
CREATE INDEX index_metrics_run_uuid_key_step ON metrics (run_uuid, "key", step);
COMMIT;
