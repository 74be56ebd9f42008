"""The words of this room."""

from django.utils.translation import gettext_lazy as _

from anwang.ground.base.errors import Sentence, Text

LEVELS: dict[str, Text] = {
    "province": _("Province"),
    "city": _("City"),
    "county": _("County"),
    "town": _("Town or street"),
    "village": _("Village or community"),
    "grid": _("Grid"),
}

KINDS: dict[str, Text] = {
    "region": _("Region or grid"),
    "grid": _("Grid"),
    "grid_change": _("Change of a grid"),
}
"""What a row of the trail can be about, in this room."""

CHANGES: dict[str, Text] = {
    "made": _("Grid made"),
    "merged": _("Grids merged"),
    "split": _("Grid split"),
    "redrawn": _("Grid redrawn"),
    "renamed": _("Grid renamed"),
}

REFUSALS: dict[str, Sentence] = {
    "regions.unknown_province": Sentence(
        _("No list of towns and villages is kept for %(code)s."),
        _("Give the code of a province, such as 140000; Taiwan, Hong Kong and Macao have no lists."),
        status=422,
    ),
    "regions.unknown": Sentence(
        _("No region of yours is called “%(text)s”."), _("Choose one from the list, or type its code."), status=422
    ),
    "regions.several": Sentence(
        _("Several regions are called “%(text)s”: %(which)s."), _("Choose one from the list."), status=422
    ),
    "regions.wrong_level": Sentence(
        _("%(name)s is not the kind of region asked for here."), _("Choose another one from the list."), status=422
    ),
    "regions.grid_parent": Sentence(
        _("A grid lies under a village, a community, a town or a street."), _("Choose one of these."), status=422
    ),
    "regions.retired": Sentence(_("This region has been retired."), _("Use what took its place.")),
    "regions.not_a_grid": Sentence(_("Only grids are changed here."), _("Choose a grid."), status=422),
    "regions.grid_code": Sentence(
        _("A grid's code begins with %(base)s and has up to six more digits."),
        _("Leave it empty to get the next one."),
        status=422,
    ),
    "regions.grid_taken": Sentence(
        _("There is already a region with the code %(code)s."), _("Leave it empty to get the next one.")
    ),
    "regions.name_missing": Sentence(_("The grid needs a name."), _("Write the name people use."), status=422),
    "regions.name_taken": Sentence(_("There is already a grid with this name here."), _("Add a number or a street.")),
    "regions.merge_two": Sentence(
        _("A merger takes two to fifty grids."), _("Choose the grids that become one."), status=422
    ),
    "regions.merge_apart": Sentence(
        _("These grids lie in different towns."), _("Grids are merged within one town or street.")
    ),
    "regions.split_two": Sentence(_("A split makes two to twenty grids."), _("Give each part a name."), status=422),
    "regions.parts_overlap": Sentence(
        _("The outlines of “%(one)s” and “%(other)s” overlap."), _("Draw them side by side."), status=422
    ),
    "regions.outline_unreadable": Sentence(
        _("This is not an outline: a GeoJSON polygon is needed."),
        _("Save the area as GeoJSON in the map program and paste or upload that."),
        status=422,
    ),
    "regions.outline_outside_china": Sentence(
        _("A position of the outline lies outside China: %(lon)s, %(lat)s."),
        _("Longitude comes first, both in degrees; projected metres do not fit."),
        status=422,
    ),
    "regions.outline_crosses": Sentence(
        _("The outline crosses itself near %(where)s."), _("Draw it again there."), status=422
    ),
    "regions.outline_too_fine": Sentence(
        _("The outline has more than %(n)s corners."), _("Simplify it in the map program first."), status=422
    ),
    "regions.outline_elsewhere": Sentence(
        _("The outline lies outside %(name)s."), _("Check the datum (WGS-84, GCJ-02, BD-09) and the area."), status=422
    ),
    "regions.points_unreadable": Sentence(
        _("Each point needs longitude and latitude in degrees, and may have words."),
        _("Write one point per line: 111.1345, 39.3821, west gate."),
        status=422,
    ),
}

EVENTS: dict[str, Text] = {
    "regions.loaded": _("Region list loaded"),
    "regions.borders_loaded": _("Borders loaded"),
    "regions.grid_made": _("Grid made"),
    "regions.grid_redrawn": _("Grid redrawn"),
    "regions.grid_renamed": _("Grid renamed"),
    "regions.grids_merged": _("Grids merged"),
    "regions.grid_split": _("Grid split"),
}
