BEGIN TRANSACTION;
CREATE TABLE datasets (
	dataset_uuid VARCHAR(36) NOT NULL, 
	experiment_id INTEGER NOT NULL, 
	name VARCHAR(500) NOT NULL, 
	digest VARCHAR(36) NOT NULL, 
	dataset_source_type VARCHAR(36) NOT NULL, 
	dataset_source TEXT NOT NULL, 
	dataset_schema TEXT, 
	dataset_profile TEXT, 
	CONSTRAINT dataset_pk PRIMARY KEY (experiment_id, name, digest), 
	FOREIGN KEY(experiment_id) REFERENCES experiments (experiment_id)
);
INSERT INTO "datasets" VALUES('ea41b731d0ac4c3e9a92801585f1b891',1,'train','85abe2dc','code','{"tags": {"mlflow.user": "root", "mlflow.source.name": "train.py", "mlflow.source.type": "LOCAL"}}','{"mlflow_colspec": [{"type": "long", "name": "x"}]}','{"num_rows": 3, "num_elements": 3}');
CREATE TABLE experiment_tags (
	"key" VARCHAR(250) NOT NULL, 
	value VARCHAR(5000), 
	experiment_id INTEGER NOT NULL, 
	CONSTRAINT experiment_tag_pk PRIMARY KEY ("key", experiment_id), 
	FOREIGN KEY(experiment_id) REFERENCES experiments (experiment_id)
);
CREATE TABLE experiments (
	experiment_id INTEGER NOT NULL, 
	name VARCHAR(256) NOT NULL, 
	artifact_location VARCHAR(256), 
	lifecycle_stage VARCHAR(32), creation_time BIGINT, last_update_time BIGINT, 
	CONSTRAINT experiment_pk PRIMARY KEY (experiment_id), 
	CONSTRAINT experiments_lifecycle_stage CHECK (lifecycle_stage IN ('active', 'deleted')), 
	UNIQUE (name)
);
INSERT INTO "experiments" VALUES(0,'Default','/tmp/tmptj0rlw0i/mlruns/0','active',1795690066348,1795690066348);
INSERT INTO "experiments" VALUES(1,'churn','/tmp/tmptj0rlw0i/mlruns/1','active',1795690066366,1795690066366);
INSERT INTO "experiments" VALUES(2,'old','/tmp/tmptj0rlw0i/mlruns/2','deleted',1795690067282,1795690067328);
CREATE TABLE input_tags (
	input_uuid VARCHAR(36) NOT NULL, 
	name VARCHAR(255) NOT NULL, 
	value VARCHAR(500) NOT NULL, 
	CONSTRAINT input_tags_pk PRIMARY KEY (input_uuid, name)
);
INSERT INTO "input_tags" VALUES('ca79cb5c021c49dfaf06a3e18d840264','mlflow.data.context','training');
CREATE TABLE inputs (
	input_uuid VARCHAR(36) NOT NULL, 
	source_type VARCHAR(36) NOT NULL, 
	source_id VARCHAR(36) NOT NULL, 
	destination_type VARCHAR(36) NOT NULL, 
	destination_id VARCHAR(36) NOT NULL, 
	CONSTRAINT inputs_pk PRIMARY KEY (source_type, source_id, destination_type, destination_id)
);
INSERT INTO "inputs" VALUES('ca79cb5c021c49dfaf06a3e18d840264','DATASET','ea41b731d0ac4c3e9a92801585f1b891','RUN','c3850d5c6c4044f5b48c016f2fc0de0b');
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
INSERT INTO "metrics" VALUES('loss',1.0,1795690066616,'f8e53fe99fd8442a956835cb40c9d355',0,0);
INSERT INTO "metrics" VALUES('loss',0.5,1795690066633,'f8e53fe99fd8442a956835cb40c9d355',1,0);
INSERT INTO "metrics" VALUES('loss',3.33333333333333314829e-01,1795690066669,'f8e53fe99fd8442a956835cb40c9d355',2,0);
INSERT INTO "metrics" VALUES('loss',0.25,1795690066693,'f8e53fe99fd8442a956835cb40c9d355',3,0);
INSERT INTO "metrics" VALUES('loss',0.2,1795690066714,'f8e53fe99fd8442a956835cb40c9d355',4,0);
INSERT INTO "metrics" VALUES('odd',0.0,1795690066740,'f8e53fe99fd8442a956835cb40c9d355',0,1);
INSERT INTO "metrics" VALUES('odd',1.79769313486231562234e+308,1795690066774,'f8e53fe99fd8442a956835cb40c9d355',1,0);
INSERT INTO "metrics" VALUES('odd',-1.79769313486231562234e+308,1795690066817,'f8e53fe99fd8442a956835cb40c9d355',2,0);
INSERT INTO "metrics" VALUES('a/b c',3.5,1795690066989,'c3850d5c6c4044f5b48c016f2fc0de0b',0,0);
INSERT INTO "metrics" VALUES('m',1.0,1795690067247,'a4c9561fb14646cf9c8c93fad881fc69',0,0);
INSERT INTO "metrics" VALUES('m',2.0,1795690067312,'c554917afc1e401c98c7fb9f9bd2d4b2',0,0);
INSERT INTO "metrics" VALUES('loss',1.0,1795690074469,'5dd75d154e3f41d3b0ba02aa9af34d49',0,0);
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
	run_link VARCHAR(500), storage_location VARCHAR(500), 
	CONSTRAINT model_version_pk PRIMARY KEY (name, version), 
	FOREIGN KEY(name) REFERENCES registered_models (name) ON UPDATE CASCADE
);
INSERT INTO "model_versions" VALUES('churn-model',1,1795690074375,1795690074375,NULL,NULL,'None','/tmp/tmptj0rlw0i/mlruns/1/25f5738c6ec541a9879e5e54492c304b/artifacts/clf','25f5738c6ec541a9879e5e54492c304b','READY',NULL,NULL,'/tmp/tmptj0rlw0i/mlruns/1/25f5738c6ec541a9879e5e54492c304b/artifacts/clf');
CREATE TABLE "params" (
	"key" VARCHAR(250) NOT NULL, 
	value VARCHAR(8000) NOT NULL, 
	run_uuid VARCHAR(32) NOT NULL, 
	CONSTRAINT param_pk PRIMARY KEY ("key", run_uuid), 
	FOREIGN KEY(run_uuid) REFERENCES runs (run_uuid)
);
INSERT INTO "params" VALUES('lr','0.1','f8e53fe99fd8442a956835cb40c9d355');
INSERT INTO "params" VALUES('depth','4','f8e53fe99fd8442a956835cb40c9d355');
CREATE TABLE registered_models (
	name VARCHAR(256) NOT NULL, 
	creation_time BIGINT, 
	last_updated_time BIGINT, 
	description VARCHAR(5000), 
	CONSTRAINT registered_model_pk PRIMARY KEY (name), 
	UNIQUE (name)
);
INSERT INTO "registered_models" VALUES('churn-model',1795690074234,1795690074375,NULL);
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
INSERT INTO "runs" VALUES('f8e53fe99fd8442a956835cb40c9d355','parent','UNKNOWN','','','root','FINISHED',1795690066518,1795690067155,'','active','/tmp/tmptj0rlw0i/mlruns/1/f8e53fe99fd8442a956835cb40c9d355/artifacts',1,NULL);
INSERT INTO "runs" VALUES('c3850d5c6c4044f5b48c016f2fc0de0b','child','UNKNOWN','','','root','FINISHED',1795690066946,1795690067101,'','active','/tmp/tmptj0rlw0i/mlruns/1/c3850d5c6c4044f5b48c016f2fc0de0b/artifacts',1,NULL);
INSERT INTO "runs" VALUES('431d809207aa47e4b59a5705e83cbdf4','bad','UNKNOWN','','','root','FAILED',1795690067186,1795690067205,'','active','/tmp/tmptj0rlw0i/mlruns/1/431d809207aa47e4b59a5705e83cbdf4/artifacts',1,NULL);
INSERT INTO "runs" VALUES('a4c9561fb14646cf9c8c93fad881fc69','gone','UNKNOWN','','','root','FINISHED',1795690067222,1795690067261,'','deleted','/tmp/tmptj0rlw0i/mlruns/1/a4c9561fb14646cf9c8c93fad881fc69/artifacts',1,1795690067278);
INSERT INTO "runs" VALUES('c554917afc1e401c98c7fb9f9bd2d4b2','of old','UNKNOWN','','','root','FINISHED',1795690067293,1795690067319,'','deleted','/tmp/tmptj0rlw0i/mlruns/2/c554917afc1e401c98c7fb9f9bd2d4b2/artifacts',2,1795690067332);
INSERT INTO "runs" VALUES('25f5738c6ec541a9879e5e54492c304b','model','UNKNOWN','','','root','FINISHED',1795690069406,1795690074420,'','active','/tmp/tmptj0rlw0i/mlruns/1/25f5738c6ec541a9879e5e54492c304b/artifacts',1,NULL);
INSERT INTO "runs" VALUES('5dd75d154e3f41d3b0ba02aa9af34d49','live','UNKNOWN','','','root','RUNNING',1795690074440,NULL,'','active','/tmp/tmptj0rlw0i/mlruns/1/5dd75d154e3f41d3b0ba02aa9af34d49/artifacts',1,NULL);
CREATE TABLE "tags" (
	"key" VARCHAR(250) NOT NULL, 
	value VARCHAR(5000), 
	run_uuid VARCHAR(32) NOT NULL, 
	CONSTRAINT tag_pk PRIMARY KEY ("key", run_uuid), 
	FOREIGN KEY(run_uuid) REFERENCES runs (run_uuid)
);
INSERT INTO "tags" VALUES('mlflow.user','root','f8e53fe99fd8442a956835cb40c9d355');
INSERT INTO "tags" VALUES('mlflow.source.name','train.py','f8e53fe99fd8442a956835cb40c9d355');
INSERT INTO "tags" VALUES('mlflow.source.type','LOCAL','f8e53fe99fd8442a956835cb40c9d355');
INSERT INTO "tags" VALUES('mlflow.note.content','a *note*','f8e53fe99fd8442a956835cb40c9d355');
INSERT INTO "tags" VALUES('mlflow.runName','parent','f8e53fe99fd8442a956835cb40c9d355');
INSERT INTO "tags" VALUES('team','a','f8e53fe99fd8442a956835cb40c9d355');
INSERT INTO "tags" VALUES('mlflow.user','root','c3850d5c6c4044f5b48c016f2fc0de0b');
INSERT INTO "tags" VALUES('mlflow.source.name','train.py','c3850d5c6c4044f5b48c016f2fc0de0b');
INSERT INTO "tags" VALUES('mlflow.source.type','LOCAL','c3850d5c6c4044f5b48c016f2fc0de0b');
INSERT INTO "tags" VALUES('mlflow.parentRunId','f8e53fe99fd8442a956835cb40c9d355','c3850d5c6c4044f5b48c016f2fc0de0b');
INSERT INTO "tags" VALUES('mlflow.runName','child','c3850d5c6c4044f5b48c016f2fc0de0b');
INSERT INTO "tags" VALUES('mlflow.user','root','431d809207aa47e4b59a5705e83cbdf4');
INSERT INTO "tags" VALUES('mlflow.source.name','train.py','431d809207aa47e4b59a5705e83cbdf4');
INSERT INTO "tags" VALUES('mlflow.source.type','LOCAL','431d809207aa47e4b59a5705e83cbdf4');
INSERT INTO "tags" VALUES('mlflow.runName','bad','431d809207aa47e4b59a5705e83cbdf4');
INSERT INTO "tags" VALUES('mlflow.user','root','a4c9561fb14646cf9c8c93fad881fc69');
INSERT INTO "tags" VALUES('mlflow.source.name','train.py','a4c9561fb14646cf9c8c93fad881fc69');
INSERT INTO "tags" VALUES('mlflow.source.type','LOCAL','a4c9561fb14646cf9c8c93fad881fc69');
INSERT INTO "tags" VALUES('mlflow.runName','gone','a4c9561fb14646cf9c8c93fad881fc69');
INSERT INTO "tags" VALUES('mlflow.user','root','c554917afc1e401c98c7fb9f9bd2d4b2');
INSERT INTO "tags" VALUES('mlflow.source.name','train.py','c554917afc1e401c98c7fb9f9bd2d4b2');
INSERT INTO "tags" VALUES('mlflow.source.type','LOCAL','c554917afc1e401c98c7fb9f9bd2d4b2');
INSERT INTO "tags" VALUES('mlflow.runName','of old','c554917afc1e401c98c7fb9f9bd2d4b2');
INSERT INTO "tags" VALUES('mlflow.user','root','25f5738c6ec541a9879e5e54492c304b');
INSERT INTO "tags" VALUES('mlflow.source.name','train.py','25f5738c6ec541a9879e5e54492c304b');
INSERT INTO "tags" VALUES('mlflow.source.type','LOCAL','25f5738c6ec541a9879e5e54492c304b');
INSERT INTO "tags" VALUES('mlflow.runName','model','25f5738c6ec541a9879e5e54492c304b');
INSERT INTO "tags" VALUES('mlflow.log-model.history','[{"run_id": "25f5738c6ec541a9879e5e54492c304b", "artifact_path": "clf", "utc_time_created": "2026-11-26 10:47:49.473914", "flavors": {"python_function": {"model_path": "model.pkl", "predict_fn": "predict", "loader_module": "mlflow.sklearn", "python_version": "3.11.7", "env": {"conda": "conda.yaml", "virtualenv": "python_env.yaml"}}, "sklearn": {"pickled_model": "model.pkl", "sklearn_version": "1.9.1", "serialization_format": "cloudpickle", "code": null}}, "model_uuid": "ddc3756334a942269494e9dddbb28cae", "mlflow_version": "2.9.2", "model_size_bytes": 711}]','25f5738c6ec541a9879e5e54492c304b');
INSERT INTO "tags" VALUES('mlflow.user','root','5dd75d154e3f41d3b0ba02aa9af34d49');
INSERT INTO "tags" VALUES('mlflow.source.name','train.py','5dd75d154e3f41d3b0ba02aa9af34d49');
INSERT INTO "tags" VALUES('mlflow.source.type','LOCAL','5dd75d154e3f41d3b0ba02aa9af34d49');
INSERT INTO "tags" VALUES('mlflow.runName','live','5dd75d154e3f41d3b0ba02aa9af34d49');
CREATE INDEX index_metrics_run_uuid ON metrics (run_uuid);
CREATE INDEX index_tags_run_uuid ON tags (run_uuid);
CREATE INDEX index_datasets_experiment_id_dataset_source_type ON datasets (experiment_id, dataset_source_type);
CREATE INDEX index_datasets_dataset_uuid ON datasets (dataset_uuid);
CREATE INDEX index_inputs_input_uuid ON inputs (input_uuid);
CREATE INDEX index_inputs_destination_type_destination_id_source_type ON inputs (destination_type, destination_id, source_type);
CREATE INDEX index_params_run_uuid ON params (run_uuid);
COMMIT;
