from typing import Annotated

import typer

from anwang.config.terminal import App, Json, answer, house, t

app = App("行政区划", "Regions")


@app.does("load", "装入一个省的乡镇和村：如 14、130000", "load a province down to villages: 14, 130000")
def load(
    code: Annotated[
        str,
        typer.Argument(metavar=t("代码", "CODE"), help=t("省级代码，两位或六位", "the province's code, 2 or 6 digits")),
    ],
    *,
    as_json: Json = False,
) -> None:
    with house() as now:
        from anwang.ground.regions import services as regions

        count = regions.load_province(code, by=None, now=now)
        answer({"code": code, "rows": count}, as_json=as_json, words=t(f"装入 {count} 个", f"{count} loaded"))
