"""``anwang``: the house from the command line. Help in Chinese, or in English with ANWANG_LANG=en."""

import sys

from anwang.config.commands import audit, gas, gateway, house, ledger, people, regions, simulate
from anwang.config.terminal import App, run

app = App("安网：一个地区安全治理的工作系统", "Anwang: the working system of a region's safety governance")
house.add_to(app)
app.add_typer(regions.app, name="regions")
app.add_typer(ledger.app, name="ledger")
app.add_typer(audit.app, name="audit")
app.add_typer(gas.app, name="gas")
app.add_typer(gateway.app, name="gateway")
app.does("shard", "从总线取数据评判的分片进程", "a shard: takes from the bus and judges")(gateway.shard)
app.add_typer(simulate.app, name="simulate")
app.add_typer(people.app, name="user")


def main() -> None:
    sys.exit(run(app, "anwang"))


if __name__ == "__main__":
    main()
