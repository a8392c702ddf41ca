"""An Ansible callback that prints the results of a playbook as one JSON object, for the tests."""

import json

from ansible.plugins.callback import CallbackBase


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "results"

    def __init__(self):
        super().__init__()
        self.tasks = []

    def keep(self, result, outcome):
        task = {"task": result.task.get_name(), "host": result.host.get_name(), "outcome": outcome}
        self.tasks.append(task | {"result": json.loads(self._dump_results(result.result))})

    def v2_runner_on_ok(self, result):
        self.keep(result, "ok")

    def v2_runner_on_failed(self, result, ignore_errors=False):
        self.keep(result, "failed")

    def v2_runner_on_skipped(self, result):
        self.keep(result, "skipped")

    def v2_runner_on_unreachable(self, result):
        self.keep(result, "unreachable")

    def v2_playbook_on_stats(self, stats):
        hosts = {host: stats.summarize(host) for host in stats.processed}
        print(json.dumps({"tasks": self.tasks, "hosts": hosts}))
