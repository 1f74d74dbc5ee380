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
INSERT INTO "datasets" VALUES('2f130208abb542d8a787fb3dffa5b5ee',1,'train','85abe2dc','code','{"tags": {"mlflow.user": "root", "mlflow.source.name": "tests/interop/make_sources.py", "mlflow.source.type": "LOCAL"}}','{"mlflow_colspec": [{"type": "long", "name": "x", "required": true}]}','{"num_rows": 3, "num_elements": 3}');
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
INSERT INTO "experiments" VALUES(0,'Default','/tmp/tmpktmoj5fr/mlruns/0','active',1795688986984,1795688986984,'default');
INSERT INTO "experiments" VALUES(1,'churn','/tmp/tmpktmoj5fr/mlruns/1','active',1795688987015,1795688987015,'default');
INSERT INTO "experiments" VALUES(2,'old','/tmp/tmpktmoj5fr/mlruns/2','deleted',1795688987881,1795688987996,'default');
CREATE TABLE input_tags (
	input_uuid VARCHAR(36) NOT NULL, 
	name VARCHAR(255) NOT NULL, 
	value VARCHAR(500) NOT NULL, 
	CONSTRAINT input_tags_pk PRIMARY KEY (input_uuid, name)
);
INSERT INTO "input_tags" VALUES('ecf6500bbbf048f7a213e26d379e47b3','mlflow.data.context','training');
CREATE TABLE inputs (
	input_uuid VARCHAR(36) NOT NULL, 
	source_type VARCHAR(36) NOT NULL, 
	source_id VARCHAR(36) NOT NULL, 
	destination_type VARCHAR(36) NOT NULL, 
	destination_id VARCHAR(36) NOT NULL, step BIGINT DEFAULT '0' NOT NULL, 
	CONSTRAINT inputs_pk PRIMARY KEY (source_type, source_id, destination_type, destination_id)
);
INSERT INTO "inputs" VALUES('ecf6500bbbf048f7a213e26d379e47b3','DATASET','2f130208abb542d8a787fb3dffa5b5ee','RUN','4261421a8d6145caa073d833d03e4d9c',0);
INSERT INTO "inputs" VALUES('1eaed683c32b4eabb1c109619c95a808','RUN_OUTPUT','7af38fa72723486bbe8df0e8bd0c4e24','MODEL_OUTPUT','m-3ec5d3ed81384c8e9a3497642a7046dc',0);
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
INSERT INTO "logged_models" VALUES('m-3ec5d3ed81384c8e9a3497642a7046dc',1,'clf','/tmp/tmpktmoj5fr/mlruns/1/models/m-3ec5d3ed81384c8e9a3497642a7046dc/artifacts',1795688989971,1795688997295,2,'active',NULL,'7af38fa72723486bbe8df0e8bd0c4e24',NULL);
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
INSERT INTO "metrics" VALUES('loss',1.0,1795688987198,'47f9abecccce4e098226c121da0ea62e',0,0);
INSERT INTO "metrics" VALUES('loss',0.5,1795688987237,'47f9abecccce4e098226c121da0ea62e',1,0);
INSERT INTO "metrics" VALUES('loss',3.33333333333333314829e-01,1795688987257,'47f9abecccce4e098226c121da0ea62e',2,0);
INSERT INTO "metrics" VALUES('loss',0.25,1795688987277,'47f9abecccce4e098226c121da0ea62e',3,0);
INSERT INTO "metrics" VALUES('loss',0.2,1795688987289,'47f9abecccce4e098226c121da0ea62e',4,0);
INSERT INTO "metrics" VALUES('odd',0.0,1795688987313,'47f9abecccce4e098226c121da0ea62e',0,1);
INSERT INTO "metrics" VALUES('odd',1.79769313486231562234e+308,1795688987349,'47f9abecccce4e098226c121da0ea62e',1,0);
INSERT INTO "metrics" VALUES('odd',-1.79769313486231562234e+308,1795688987373,'47f9abecccce4e098226c121da0ea62e',2,0);
INSERT INTO "metrics" VALUES('a/b c',3.5,1795688987473,'4261421a8d6145caa073d833d03e4d9c',0,0);
INSERT INTO "metrics" VALUES('m',1.0,1795688987818,'193f299f3da0462cb1b5f1a45aaac720',0,0);
INSERT INTO "metrics" VALUES('m',2.0,1795688987925,'556964215b1c4f869cf04200559ec282',0,0);
INSERT INTO "metrics" VALUES('loss',1.0,1795688997461,'eff8c096a9774b3681377643ae307d03',0,0);
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
INSERT INTO "model_versions" VALUES('churn-model',1,1795688997363,1795688997363,NULL,NULL,'None','models:/m-3ec5d3ed81384c8e9a3497642a7046dc','7af38fa72723486bbe8df0e8bd0c4e24','READY',NULL,NULL,'/tmp/tmpktmoj5fr/mlruns/1/models/m-3ec5d3ed81384c8e9a3497642a7046dc/artifacts','default');
CREATE TABLE "params" (
	"key" VARCHAR(250) NOT NULL, 
	value VARCHAR(8000) NOT NULL, 
	run_uuid VARCHAR(32) NOT NULL, 
	CONSTRAINT param_pk PRIMARY KEY ("key", run_uuid), 
	FOREIGN KEY(run_uuid) REFERENCES runs (run_uuid)
);
INSERT INTO "params" VALUES('lr','0.1','47f9abecccce4e098226c121da0ea62e');
INSERT INTO "params" VALUES('depth','4','47f9abecccce4e098226c121da0ea62e');
CREATE TABLE "registered_models" (
	name VARCHAR(256) NOT NULL, 
	creation_time BIGINT, 
	last_updated_time BIGINT, 
	description VARCHAR(5000), 
	workspace VARCHAR(63) DEFAULT 'default' NOT NULL, 
	CONSTRAINT registered_model_pk PRIMARY KEY (workspace, name)
);
INSERT INTO "registered_models" VALUES('churn-model',1795688997333,1795688997363,NULL,'default');
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
	CONSTRAINT runs_lifecycle_stage CHECK (lifecycle_stage IN ('active', 'deleted')), 
	CONSTRAINT source_type CHECK (source_type IN ('NOTEBOOK', 'JOB', 'LOCAL', 'UNKNOWN', 'PROJECT')), 
	FOREIGN KEY(experiment_id) REFERENCES experiments (experiment_id), 
	CHECK (status IN ('SCHEDULED', 'FAILED', 'FINISHED', 'RUNNING', 'KILLED'))
);
INSERT INTO "runs" VALUES('47f9abecccce4e098226c121da0ea62e','parent','UNKNOWN','','','root','FINISHED',1795688987118,1795688987716,'','active','/tmp/tmpktmoj5fr/mlruns/1/47f9abecccce4e098226c121da0ea62e/artifacts',1,NULL);
INSERT INTO "runs" VALUES('4261421a8d6145caa073d833d03e4d9c','child','UNKNOWN','','','root','FINISHED',1795688987433,1795688987689,'','active','/tmp/tmpktmoj5fr/mlruns/1/4261421a8d6145caa073d833d03e4d9c/artifacts',1,NULL);
INSERT INTO "runs" VALUES('cfeba0273648481ba9f59f0396de61bf','bad','UNKNOWN','','','root','FAILED',1795688987742,1795688987766,'','active','/tmp/tmpktmoj5fr/mlruns/1/cfeba0273648481ba9f59f0396de61bf/artifacts',1,NULL);
INSERT INTO "runs" VALUES('193f299f3da0462cb1b5f1a45aaac720','gone','UNKNOWN','','','root','FINISHED',1795688987794,1795688987837,'','deleted','/tmp/tmpktmoj5fr/mlruns/1/193f299f3da0462cb1b5f1a45aaac720/artifacts',1,1795688987859);
INSERT INTO "runs" VALUES('556964215b1c4f869cf04200559ec282','of old','UNKNOWN','','','root','FINISHED',1795688987902,1795688987945,'','deleted','/tmp/tmpktmoj5fr/mlruns/2/556964215b1c4f869cf04200559ec282/artifacts',2,1795688987999);
INSERT INTO "runs" VALUES('7af38fa72723486bbe8df0e8bd0c4e24','model','UNKNOWN','','','root','FINISHED',1795688989894,1795688997417,'','active','/tmp/tmpktmoj5fr/mlruns/1/7af38fa72723486bbe8df0e8bd0c4e24/artifacts',1,NULL);
INSERT INTO "runs" VALUES('eff8c096a9774b3681377643ae307d03','live','UNKNOWN','','','root','RUNNING',1795688997434,NULL,'','active','/tmp/tmpktmoj5fr/mlruns/1/eff8c096a9774b3681377643ae307d03/artifacts',1,NULL);
CREATE TABLE "tags" (
	"key" VARCHAR(250) NOT NULL, 
	value VARCHAR(8000), 
	run_uuid VARCHAR(32) NOT NULL, 
	CONSTRAINT tag_pk PRIMARY KEY ("key", run_uuid), 
	FOREIGN KEY(run_uuid) REFERENCES runs (run_uuid)
);
INSERT INTO "tags" VALUES('mlflow.user','root','47f9abecccce4e098226c121da0ea62e');
INSERT INTO "tags" VALUES('mlflow.source.name','tests/interop/make_sources.py','47f9abecccce4e098226c121da0ea62e');
INSERT INTO "tags" VALUES('mlflow.source.type','LOCAL','47f9abecccce4e098226c121da0ea62e');
INSERT INTO "tags" VALUES('mlflow.note.content','a *note*','47f9abecccce4e098226c121da0ea62e');
INSERT INTO "tags" VALUES('mlflow.runName','parent','47f9abecccce4e098226c121da0ea62e');
INSERT INTO "tags" VALUES('team','a','47f9abecccce4e098226c121da0ea62e');
INSERT INTO "tags" VALUES('mlflow.user','root','4261421a8d6145caa073d833d03e4d9c');
INSERT INTO "tags" VALUES('mlflow.source.name','tests/interop/make_sources.py','4261421a8d6145caa073d833d03e4d9c');
INSERT INTO "tags" VALUES('mlflow.source.type','LOCAL','4261421a8d6145caa073d833d03e4d9c');
INSERT INTO "tags" VALUES('mlflow.parentRunId','47f9abecccce4e098226c121da0ea62e','4261421a8d6145caa073d833d03e4d9c');
INSERT INTO "tags" VALUES('mlflow.runName','child','4261421a8d6145caa073d833d03e4d9c');
INSERT INTO "tags" VALUES('mlflow.user','root','cfeba0273648481ba9f59f0396de61bf');
INSERT INTO "tags" VALUES('mlflow.source.name','tests/interop/make_sources.py','cfeba0273648481ba9f59f0396de61bf');
INSERT INTO "tags" VALUES('mlflow.source.type','LOCAL','cfeba0273648481ba9f59f0396de61bf');
INSERT INTO "tags" VALUES('mlflow.runName','bad','cfeba0273648481ba9f59f0396de61bf');
INSERT INTO "tags" VALUES('mlflow.user','root','193f299f3da0462cb1b5f1a45aaac720');
INSERT INTO "tags" VALUES('mlflow.source.name','tests/interop/make_sources.py','193f299f3da0462cb1b5f1a45aaac720');
INSERT INTO "tags" VALUES('mlflow.source.type','LOCAL','193f299f3da0462cb1b5f1a45aaac720');
INSERT INTO "tags" VALUES('mlflow.runName','gone','193f299f3da0462cb1b5f1a45aaac720');
INSERT INTO "tags" VALUES('mlflow.user','root','556964215b1c4f869cf04200559ec282');
INSERT INTO "tags" VALUES('mlflow.source.name','tests/interop/make_sources.py','556964215b1c4f869cf04200559ec282');
INSERT INTO "tags" VALUES('mlflow.source.type','LOCAL','556964215b1c4f869cf04200559ec282');
INSERT INTO "tags" VALUES('mlflow.runName','of old','556964215b1c4f869cf04200559ec282');
INSERT INTO "tags" VALUES('mlflow.user','root','7af38fa72723486bbe8df0e8bd0c4e24');
INSERT INTO "tags" VALUES('mlflow.source.name','tests/interop/make_sources.py','7af38fa72723486bbe8df0e8bd0c4e24');
INSERT INTO "tags" VALUES('mlflow.source.type','LOCAL','7af38fa72723486bbe8df0e8bd0c4e24');
INSERT INTO "tags" VALUES('mlflow.runName','model','7af38fa72723486bbe8df0e8bd0c4e24');
INSERT INTO "tags" VALUES('mlflow.user','root','eff8c096a9774b3681377643ae307d03');
INSERT INTO "tags" VALUES('mlflow.source.name','tests/interop/make_sources.py','eff8c096a9774b3681377643ae307d03');
INSERT INTO "tags" VALUES('mlflow.source.type','LOCAL','eff8c096a9774b3681377643ae307d03');
INSERT INTO "tags" VALUES('mlflow.runName','live','eff8c096a9774b3681377643ae307d03');
CREATE INDEX index_metrics_run_uuid ON metrics (run_uuid);
CREATE INDEX index_inputs_destination_type_destination_id_source_type ON inputs (destination_type, destination_id, source_type);
CREATE INDEX index_inputs_input_uuid ON inputs (input_uuid);
CREATE INDEX index_params_run_uuid ON params (run_uuid);
CREATE INDEX index_tags_run_uuid ON tags (run_uuid);
CREATE INDEX index_datasets_experiment_id_dataset_source_type ON datasets (experiment_id, dataset_source_type);
CREATE INDEX index_datasets_dataset_uuid ON datasets (dataset_uuid);
CREATE INDEX idx_experiments_workspace ON experiments (workspace);
CREATE INDEX idx_registered_models_workspace ON registered_models (workspace);
CREATE INDEX idx_experiments_workspace_creation_time ON experiments (workspace, creation_time);
CREATE INDEX index_metrics_run_uuid_key_step ON metrics (run_uuid, "key", step);
COMMIT;
