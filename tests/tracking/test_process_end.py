import tracked


def test_a_script_that_outlives_the_start_of_the_background_thread_ends_by_itself(tmp_path):
    process = tracked.start(
        tmp_path,
        """
        import sys
        import time
        with mlops.start_run(run_name="long"):
            mlops.log_metric("loss", 1.0)
            deadline = time.monotonic() + 30
            while "threading" not in sys.modules and time.monotonic() < deadline:
                time.sleep(0.01)
            mlops.log_metric("loss", 0.5)
        """,
    )
    try:
        _, errors = process.communicate(timeout=60)
    finally:
        process.kill()
    assert (process.returncode, errors) == (0, "")
