"""Debian's dfu-util, and a link called dfu-util that is stdfu, call by call on the same boards: the same lines, the same flash,
the same files, the same exit status, except where the option table says otherwise, and why."""

import difflib
import re

import option_table as table
import option_table_more as more
import udev
from desk import NEVER, Desk
from option_calls import Otherwise

# What a script doesn't look for: who says it, how far it is on the way, and what a board says of its state, for which the two
# don't ask equally often.
UNHEARD = re.compile(
    r"libusb version |Deducing device DFU version|Setting Alternate Interface zero|Determining device status|DFU state\(|"
    r"Device does not implement get_status|Clearing status|Aborting previous incomplete transfer|$"
)
BAR = re.compile(r"(\w+ *)\t\[[= ]{25}\] +(\d+)% +\d+ bytes")
BANNER = "dfu-util 0.11"
SUCCESS = re.compile(r"(Download|Upload) done\.|File downloaded successfully|Done parsing|Done!|Submitting leave")


def calls_without_a_board(lab):
    _judge(lab, table.NO_BOARD)


def calls_that_list(lab):
    _judge(lab, table.LIST)


def calls_that_are_refused(lab):
    _judge(lab, table.REFUSED)


def downloads(lab):
    _judge(lab, table.DOWNLOAD)


def commands_and_downloads_that_one_refuses(lab):
    _judge(lab, table.COMMAND, table.DOUBTFUL, table.ELSEWHERE)


def uploads(lab):
    _judge(lab, table.UPLOAD)


def calls_for_zephyr_and_dapboot(lab):
    _judge(lab, *more.ZEPHYR_AND_DAPBOOT)


def calls_for_boards_without_dfuse(lab):
    _judge(lab, *more.PLAIN)


def calls_for_applications(lab):
    with udev.running(lab):
        _judge(lab, *more.APPLICATION)


def calls_where_there_are_several_boards(lab):
    _judge(lab, *more.SEVERAL)


def calls_for_boards_that_misbehave(lab):
    _judge(lab, *more.TROUBLE)


def _judge(lab, *benches):
    """Makes each call with both tools, and tells all that differs."""
    wrong = []
    for bench in benches:
        desk = Desk(lab, bench)
        for number, call in enumerate(bench.calls):
            found = _differences(call, desk.answers(call, number), desk.before)
            wrong += [f"{', '.join(bench.boards) or 'no board'}: dfu-util {call.line}: {line}" for line in found]
        desk.close()
    assert not wrong, "\n".join([f"{len(wrong)} answers differ", *wrong])


def _differences(call, answers, before):
    """What differs of dfu-util's answer, stdfu's and, where it is another, the one that stdfu's should be like."""
    theirs, ours, *like = answers
    expected = call.exit if isinstance(call.exit, tuple) else (NEVER if call.exit is None else call.exit,)
    if theirs.exit not in expected:
        yield f"dfu-util itself ends with {theirs.exit}, and not with {expected}: the table isn't true"
    yield from _against_each_other(call, like[0] if like else theirs, ours, before)


def _against_each_other(call, theirs, ours, before):
    otherwise = call.otherwise or Otherwise(theirs.exit, "as dfu-util")
    if ours.exit != otherwise.exit:
        said = ours.err.strip().splitlines()
        yield f"exit status {ours.exit}, not {otherwise.exit} ({otherwise.why}); it says {said[-1] if said else 'nothing'!r}"
    if ours.exit != 0 and SUCCESS.search(ours.out):
        yield f"it fails, and says {SUCCESS.search(ours.out)[0]!r}"
    if ours.out and not ours.out.startswith(BANNER):
        yield f"it begins with {ours.out[:20]!r}"
    if otherwise.fails:
        return
    flash, files = (before, {}) if otherwise.refuses else (theirs.flash, theirs.files)
    if differing := [_first_differences(*pair) for pair in zip(flash, ours.flash) if pair[0] != pair[1]]:
        yield f"flash differs: {differing}"
    if ours.files != files:
        yield f"files are {_sizes(ours.files)}, not {_sizes(files)}, or have other content"
    if otherwise.refuses:
        return
    # After an error dfu-util leaves the board in that.
    same = _without_states if theirs.exit else list
    if otherwise.leaves is None and same(ours.boards) != same(theirs.boards):
        yield f"afterwards there is {ours.boards}, not {theirs.boards}"
    yield from _lines_that_differ(call, theirs.out, ours.out)


def _lines_that_differ(call, theirs, ours):
    theirs, ours = _without_repeated_ends(_heard(theirs, call)), _heard(ours, call)
    for line in difflib.ndiff(theirs, ours):
        if line[0] == "-":
            yield f"it doesn't say {line[2:]!r}"
        elif line[0] == "+":
            yield f"it says {line[2:]!r}, which dfu-util doesn't"


def _heard(out, call):
    """The lines that scripts look for: what follows the banner, and of the bars those that are full."""
    if out.startswith(BANNER):
        out = out.split("\n\n", 2)[-1]
    found = []
    for line in re.split(r"[\r\n]+", out):
        bar = BAR.match(line)
        if bar and bar[2] != "100":
            line = line[bar.end() :]
        if not UNHEARD.match(line) and not any(part in line for part in call.unlike):
            # Plugged in anew, it has another.
            found.append(re.sub(r"devnum=\d+", "devnum=…", line))
    return found


def _without_repeated_ends(lines):
    """A full bar, and that it is done, once: dfu-util says both twice where it has taken its time."""
    kept = []
    for line in lines:
        kept.append(line)
        if len(kept) >= 4 and kept[-4:-2] == kept[-2:] and BAR.match(kept[-2]):
            del kept[-2:]
    return kept


def _first_differences(expected, found):
    """Where they begin."""
    blocks = range(0, max(len(expected), len(found)), 256)
    return [hex(at) for at in blocks if expected[at : at + 256] != found[at : at + 256]][:4]


def _without_states(boards):
    return [board.split()[0] for board in boards]


def _sizes(files):
    return {name: len(content) for name, content in files.items()}
