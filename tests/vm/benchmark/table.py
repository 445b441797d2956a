"""What was measured, for people: lines of at most 100 characters."""

import statistics

import floor
from works import DFU_UTIL, STDFU


def ratios(first, second):
    """Pair by pair, and their median."""
    pairs = [one / other for one, other in zip(first, second)]
    return pairs, statistics.median(pairs)


def times(results):
    """`results`: from a work to each tool's seconds, run by run."""
    yield f"{'':32}{'seconds':>15}    {'stdfu / dfu-util':<34}{'':7}stdfu /"
    heads = f"{'stdfu':>7}{'dfu-util':>10}  {'median':>6}  {'from – to':<13}{'target':>8}{'floor':>13}{'floor':>8}"
    yield f"{'':32}{heads}"
    for work, seconds in results.items():
        ours = seconds.get(STDFU)
        for rival in (tool for tool in work.tools if tool != STDFU):
            name = work.name if rival == DFU_UTIL else f"  {rival}"
            line = f"{name:<32}{_seconds(ours)}{_seconds(seconds[rival]):>10}  "
            if ours:
                line += _ratio(*ratios(ours, seconds[rival]), work.targets.get(rival))
            else:
                line += f"{'–':>6}{'':33}"[:33]
            line += f"{work.floor:>9.3f}"
            if ours:
                line += f"{statistics.median(ours) / work.floor:>8.2f}"
            yield line.rstrip()
    by_name = {work.name: seconds[STDFU] for work, seconds in results.items() if STDFU in seconds}
    for work, seconds in results.items():
        other, target = work.own_target or (None, None)
        if other in by_name:
            name = f"{work.name} / one, stdfu alone"
            yield f"{name:<51}{_ratio(*ratios(seconds[STDFU], by_name[other]), target)}".rstrip()
    yield ""
    yield floor.FORMULA


def traffic(counts):
    """`counts`: from a work to each tool's requests and bytes."""
    yield f"{'':32}{'requests':>27}    {'KiB of data':>21}"
    yield f"{'':32}{'stdfu':>8}{'at most':>9}{'dfu-util':>10}    {'stdfu':>10}{'dfu-util':>11}"
    for work, tools in counts.items():
        for rival in (tool for tool in work.tools if tool != STDFU):
            name = work.name if rival == DFU_UTIL else f"  {rival}"
            ours, theirs = tools.get(STDFU), tools[rival]
            line = f"{name:<32}{ours[0] if ours else '–':>8}{work.most_requests or '':>9}{theirs[0]:>10}    "
            yield line + f"{f'{ours[1] / 1024:.1f}' if ours else '–':>10}{theirs[1] / 1024:>11.1f}"


def _seconds(runs):
    return f"{statistics.median(runs):>7.3f}" if runs else f"{'–':>7}"


def _ratio(pairs, median, target):
    spread = f"{min(pairs):.3f} – {max(pairs):.3f}"
    met = "" if target is None else f"≤ {target:.2f}"
    mark = "!" if target is not None and median > target else " "
    return f"{median:>6.3f}  {spread:<15}{met:>6} {mark} "
