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
INSERT INTO "datasets" VALUES('1b799cac893a4bad88ed8ff0ca4b3b53',1,'train','85abe2dc','code','{"tags": {"mlflow.user": "root", "mlflow.source.name": "tests/interop/make_sources.py", "mlflow.source.type": "LOCAL"}}','{"mlflow_colspec": [{"type": "long", "name": "x"}]}','{"num_rows": 3, "num_elements": 3}');
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
INSERT INTO "experiments" VALUES(0,'Default','/tmp/tmp2knkfef3/mlruns/0','active',1795688970953,1795688970953);
INSERT INTO "experiments" VALUES(1,'churn','/tmp/tmp2knkfef3/mlruns/1','active',1795688970967,1795688970967);
INSERT INTO "experiments" VALUES(2,'old','/tmp/tmp2knkfef3/mlruns/2','deleted',1795688971577,1795688971630);
CREATE TABLE input_tags (
	input_uuid VARCHAR(36) NOT NULL, 
	name VARCHAR(255) NOT NULL, 
	value VARCHAR(500) NOT NULL, 
	CONSTRAINT input_tags_pk PRIMARY KEY (input_uuid, name)
);
INSERT INTO "input_tags" VALUES('739cf084f7184341914d4d3e8a3618b4','mlflow.data.context','training');
CREATE TABLE inputs (
	input_uuid VARCHAR(36) NOT NULL, 
	source_type VARCHAR(36) NOT NULL, 
	source_id VARCHAR(36) NOT NULL, 
	destination_type VARCHAR(36) NOT NULL, 
	destination_id VARCHAR(36) NOT NULL, 
	CONSTRAINT inputs_pk PRIMARY KEY (source_type, source_id, destination_type, destination_id)
);
INSERT INTO "inputs" VALUES('739cf084f7184341914d4d3e8a3618b4','DATASET','1b799cac893a4bad88ed8ff0ca4b3b53','RUN','eea6e19edcbd495c987986110fa8f3a4');
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
INSERT INTO "metrics" VALUES('loss',1.0,1795688971095,'840607c2586d4b31bcf40a1505098a35',0,0);
INSERT INTO "metrics" VALUES('loss',0.5,1795688971104,'840607c2586d4b31bcf40a1505098a35',1,0);
INSERT INTO "metrics" VALUES('loss',3.33333333333333314829e-01,1795688971129,'840607c2586d4b31bcf40a1505098a35',2,0);
INSERT INTO "metrics" VALUES('loss',0.25,1795688971149,'840607c2586d4b31bcf40a1505098a35',3,0);
INSERT INTO "metrics" VALUES('loss',0.2,1795688971169,'840607c2586d4b31bcf40a1505098a35',4,0);
INSERT INTO "metrics" VALUES('odd',0.0,1795688971189,'840607c2586d4b31bcf40a1505098a35',0,1);
INSERT INTO "metrics" VALUES('odd',1.79769313486231562234e+308,1795688971204,'840607c2586d4b31bcf40a1505098a35',1,0);
INSERT INTO "metrics" VALUES('odd',-1.79769313486231562234e+308,1795688971231,'840607c2586d4b31bcf40a1505098a35',2,0);
INSERT INTO "metrics" VALUES('a/b c',3.5,1795688971353,'eea6e19edcbd495c987986110fa8f3a4',0,0);
INSERT INTO "metrics" VALUES('m',1.0,1795688971537,'fb804464a5594938b1dc9e66003aa9dc',0,0);
INSERT INTO "metrics" VALUES('m',2.0,1795688971608,'5c213f3d322c445785f5b81664864a01',0,0);
INSERT INTO "metrics" VALUES('loss',1.0,1795688977897,'4e114ef987294fc094f9651582bf03b7',0,0);
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
INSERT INTO "model_versions" VALUES('churn-model',1,1795688977780,1795688977780,NULL,NULL,'None','/tmp/tmp2knkfef3/mlruns/1/cd88423f58c4451488585dd9516ca9ce/artifacts/clf','cd88423f58c4451488585dd9516ca9ce','READY',NULL,NULL,'/tmp/tmp2knkfef3/mlruns/1/cd88423f58c4451488585dd9516ca9ce/artifacts/clf');
CREATE TABLE "params" (
	"key" VARCHAR(250) NOT NULL, 
	value VARCHAR(8000) NOT NULL, 
	run_uuid VARCHAR(32) NOT NULL, 
	CONSTRAINT param_pk PRIMARY KEY ("key", run_uuid), 
	FOREIGN KEY(run_uuid) REFERENCES runs (run_uuid)
);
INSERT INTO "params" VALUES('lr','0.1','840607c2586d4b31bcf40a1505098a35');
INSERT INTO "params" VALUES('depth','4','840607c2586d4b31bcf40a1505098a35');
CREATE TABLE registered_models (
	name VARCHAR(256) NOT NULL, 
	creation_time BIGINT, 
	last_updated_time BIGINT, 
	description VARCHAR(5000), 
	CONSTRAINT registered_model_pk PRIMARY KEY (name), 
	UNIQUE (name)
);
INSERT INTO "registered_models" VALUES('churn-model',1795688977750,1795688977780,NULL);
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
INSERT INTO "runs" VALUES('840607c2586d4b31bcf40a1505098a35','parent','UNKNOWN','','','root','FINISHED',1795688971043,1795688971433,'','active','/tmp/tmp2knkfef3/mlruns/1/840607c2586d4b31bcf40a1505098a35/artifacts',1,NULL);
INSERT INTO "runs" VALUES('eea6e19edcbd495c987986110fa8f3a4','child','UNKNOWN','','','root','FINISHED',1795688971313,1795688971400,'','active','/tmp/tmp2knkfef3/mlruns/1/eea6e19edcbd495c987986110fa8f3a4/artifacts',1,NULL);
INSERT INTO "runs" VALUES('4f68db1df7474258b71774274ae928d9','bad','UNKNOWN','','','root','FAILED',1795688971452,1795688971477,'','active','/tmp/tmp2knkfef3/mlruns/1/4f68db1df7474258b71774274ae928d9/artifacts',1,NULL);
INSERT INTO "runs" VALUES('fb804464a5594938b1dc9e66003aa9dc','gone','UNKNOWN','','','root','FINISHED',1795688971506,1795688971555,'','deleted','/tmp/tmp2knkfef3/mlruns/1/fb804464a5594938b1dc9e66003aa9dc/artifacts',1,1795688971566);
INSERT INTO "runs" VALUES('5c213f3d322c445785f5b81664864a01','of old','UNKNOWN','','','root','FINISHED',1795688971586,1795688971617,'','deleted','/tmp/tmp2knkfef3/mlruns/2/5c213f3d322c445785f5b81664864a01/artifacts',2,1795688971637);
INSERT INTO "runs" VALUES('cd88423f58c4451488585dd9516ca9ce','model','UNKNOWN','','','root','FINISHED',1795688972877,1795688977829,'','active','/tmp/tmp2knkfef3/mlruns/1/cd88423f58c4451488585dd9516ca9ce/artifacts',1,NULL);
INSERT INTO "runs" VALUES('4e114ef987294fc094f9651582bf03b7','live','UNKNOWN','','','root','RUNNING',1795688977861,NULL,'','active','/tmp/tmp2knkfef3/mlruns/1/4e114ef987294fc094f9651582bf03b7/artifacts',1,NULL);
CREATE TABLE "tags" (
	"key" VARCHAR(250) NOT NULL, 
	value VARCHAR(5000), 
	run_uuid VARCHAR(32) NOT NULL, 
	CONSTRAINT tag_pk PRIMARY KEY ("key", run_uuid), 
	FOREIGN KEY(run_uuid) REFERENCES runs (run_uuid)
);
INSERT INTO "tags" VALUES('mlflow.user','root','840607c2586d4b31bcf40a1505098a35');
INSERT INTO "tags" VALUES('mlflow.source.name','tests/interop/make_sources.py','840607c2586d4b31bcf40a1505098a35');
INSERT INTO "tags" VALUES('mlflow.source.type','LOCAL','840607c2586d4b31bcf40a1505098a35');
INSERT INTO "tags" VALUES('mlflow.note.content','a *note*','840607c2586d4b31bcf40a1505098a35');
INSERT INTO "tags" VALUES('mlflow.runName','parent','840607c2586d4b31bcf40a1505098a35');
INSERT INTO "tags" VALUES('team','a','840607c2586d4b31bcf40a1505098a35');
INSERT INTO "tags" VALUES('mlflow.user','root','eea6e19edcbd495c987986110fa8f3a4');
INSERT INTO "tags" VALUES('mlflow.source.name','tests/interop/make_sources.py','eea6e19edcbd495c987986110fa8f3a4');
INSERT INTO "tags" VALUES('mlflow.source.type','LOCAL','eea6e19edcbd495c987986110fa8f3a4');
INSERT INTO "tags" VALUES('mlflow.parentRunId','840607c2586d4b31bcf40a1505098a35','eea6e19edcbd495c987986110fa8f3a4');
INSERT INTO "tags" VALUES('mlflow.runName','child','eea6e19edcbd495c987986110fa8f3a4');
INSERT INTO "tags" VALUES('mlflow.user','root','4f68db1df7474258b71774274ae928d9');
INSERT INTO "tags" VALUES('mlflow.source.name','tests/interop/make_sources.py','4f68db1df7474258b71774274ae928d9');
INSERT INTO "tags" VALUES('mlflow.source.type','LOCAL','4f68db1df7474258b71774274ae928d9');
INSERT INTO "tags" VALUES('mlflow.runName','bad','4f68db1df7474258b71774274ae928d9');
INSERT INTO "tags" VALUES('mlflow.user','root','fb804464a5594938b1dc9e66003aa9dc');
INSERT INTO "tags" VALUES('mlflow.source.name','tests/interop/make_sources.py','fb804464a5594938b1dc9e66003aa9dc');
INSERT INTO "tags" VALUES('mlflow.source.type','LOCAL','fb804464a5594938b1dc9e66003aa9dc');
INSERT INTO "tags" VALUES('mlflow.runName','gone','fb804464a5594938b1dc9e66003aa9dc');
INSERT INTO "tags" VALUES('mlflow.user','root','5c213f3d322c445785f5b81664864a01');
INSERT INTO "tags" VALUES('mlflow.source.name','tests/interop/make_sources.py','5c213f3d322c445785f5b81664864a01');
INSERT INTO "tags" VALUES('mlflow.source.type','LOCAL','5c213f3d322c445785f5b81664864a01');
INSERT INTO "tags" VALUES('mlflow.runName','of old','5c213f3d322c445785f5b81664864a01');
INSERT INTO "tags" VALUES('mlflow.user','root','cd88423f58c4451488585dd9516ca9ce');
INSERT INTO "tags" VALUES('mlflow.source.name','tests/interop/make_sources.py','cd88423f58c4451488585dd9516ca9ce');
INSERT INTO "tags" VALUES('mlflow.source.type','LOCAL','cd88423f58c4451488585dd9516ca9ce');
INSERT INTO "tags" VALUES('mlflow.runName','model','cd88423f58c4451488585dd9516ca9ce');
INSERT INTO "tags" VALUES('mlflow.log-model.history','[{"run_id": "cd88423f58c4451488585dd9516ca9ce", "artifact_path": "clf", "utc_time_created": "2026-11-26 10:29:32.899348", "flavors": {"python_function": {"model_path": "model.pkl", "predict_fn": "predict", "loader_module": "mlflow.sklearn", "python_version": "3.11.7", "env": {"conda": "conda.yaml", "virtualenv": "python_env.yaml"}}, "sklearn": {"pickled_model": "model.pkl", "sklearn_version": "1.9.1", "serialization_format": "cloudpickle", "code": null}}, "model_uuid": "96c4a04cd9e54962b1ca6a544e0a51cb", "mlflow_version": "2.9.2", "model_size_bytes": 711}]','cd88423f58c4451488585dd9516ca9ce');
INSERT INTO "tags" VALUES('mlflow.user','root','4e114ef987294fc094f9651582bf03b7');
INSERT INTO "tags" VALUES('mlflow.source.name','tests/interop/make_sources.py','4e114ef987294fc094f9651582bf03b7');
INSERT INTO "tags" VALUES('mlflow.source.type','LOCAL','4e114ef987294fc094f9651582bf03b7');
INSERT INTO "tags" VALUES('mlflow.runName','live','4e114ef987294fc094f9651582bf03b7');
CREATE INDEX index_metrics_run_uuid ON metrics (run_uuid);
CREATE INDEX index_tags_run_uuid ON tags (run_uuid);
CREATE INDEX index_datasets_dataset_uuid ON datasets (dataset_uuid);
CREATE INDEX index_datasets_experiment_id_dataset_source_type ON datasets (experiment_id, dataset_source_type);
CREATE INDEX index_inputs_destination_type_destination_id_source_type ON inputs (destination_type, destination_id, source_type);
CREATE INDEX index_inputs_input_uuid ON inputs (input_uuid);
CREATE INDEX index_params_run_uuid ON params (run_uuid);
COMMIT;
