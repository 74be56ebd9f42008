from pathlib import Path
from typing import Annotated

import typer

from anwang.config.terminal import App, Json, answer, bar, house, t

app = App("隐患台账：导入、导出", "The hazard ledger: in and out")
CountyCode = Annotated[
    str, typer.Option("--county", help=t("县（或乡镇）区划代码，如 140930", "county or town code, e.g. 140930"))
]
Sheet = Annotated[Path, typer.Argument(metavar=t("文件", "FILE"), help=t("Excel 文件", "an Excel file"))]


@app.does("import", "导入 Excel 台账", "enter an Excel ledger")
def import_file(
    file: Sheet,
    *,
    county: CountyCode,
    create_sites: Annotated[
        bool, typer.Option("--create-sites", help=t("没有的单位就新建", "make sites that are not on file"))
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help=t("只试不存", "try, keep nothing"))] = False,
    rejected: Annotated[
        Path | None, typer.Option(help=t("把没收的行连同原因写到这个文件", "write rejected rows with reasons here"))
    ] = None,
    as_json: Json = False,
) -> None:
    with house() as now:
        from anwang.work.hazards import commands

        with bar(t("导入", "import")) as progress:
            found = commands.import_file(
                file,
                county=county,
                create_sites=create_sites,
                dry_run=dry_run,
                rejected=rejected,
                now=now,
                progress=None if as_json else progress,
            )
        lines = [
            t(
                f"{found['rows']} 行：新增 {found['created']}，更新 {found['updated']}，未变 {found['unchanged']}，"
                f"未收 {len({row['row'] for row in found['rejected']})}",
                f"{found['rows']} rows: {found['created']} created, {found['updated']} updated, "
                f"{found['unchanged']} unchanged, {len({row['row'] for row in found['rejected']})} rejected",
            )
        ]
        lines += [
            t("第", "row ") + f"{r['row']}" + t(" 行 ", " ") + f"{r['column']} {r['reason']}"
            for r in found["rejected"][:50]
        ]
        if dry_run:
            lines.append(t("（只试，没有保存）", "(tried only, nothing kept)"))
        answer(found, as_json=as_json, words="\n".join(lines))


@app.does("export", "导出 Excel 台账", "write the ledger as Excel")
def export_file(file: Sheet, *, county: CountyCode, as_json: Json = False) -> None:
    with house() as now:
        from anwang.work.hazards import commands

        found = commands.export_file(file, county=county, now=now)
        answer(found, as_json=as_json, words=t(f"{found['rows']} 行 → {file}", f"{found['rows']} rows → {file}"))
