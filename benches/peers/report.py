"""The results as a table in Markdown and as a picture of recall against speed."""

import datetime
import math
import os
import platform

import numpy as np

BEGIN, END = "<!-- peers: begin -->", "<!-- peers: end -->"
WIDTH, HEIGHT = 860, 520
LEFT, RIGHT, TOP, BOTTOM = 70, 190, 24, 52
LEAST_RECALL = 0.85
COLOURS = [
    "#d62728", "#ff7f0e", "#8c564b", "#1f77b4", "#17becf", "#2ca02c", "#9467bd", "#e377c2", "#7f7f7f",
    "#bcbd22", "#393b79", "#637939", "#843c39", "#000000",
]


def load(path):
    return np.load(path)


def processor():
    with open("/proc/cpuinfo") as lines:
        names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    with open("/proc/cpuinfo") as lines:
        flags = next((line.split() for line in lines if line.startswith("flags")), [])
    wide = "AVX-512 VNNI" if "avx512_vnni" in flags else "AVX-512" if "avx512f" in flags else ""
    name = names[0] if names else platform.machine()
    return ", ".join(part for part in (name, f"{os.cpu_count()} cores", wide) if part)


def number(value, digits=0):
    return "" if value is None or math.isnan(value) else f"{value:,.{digits}f}"


def ratio(row, own, other, turned=False):
    """The system's figure by the reference's, of the same turns; below 1 it is quicker than the reference."""
    reference = row.get("reference")
    if not reference or own not in row or not reference.get(other):
        return ""
    value = row[own] / reference[other]
    return f"{1 / value if turned else value:.2f}"


def line(cells):
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def search_table(rows):
    yield line(
        ["system", "recall@100", "p50 us", "p99 us", "CPU us", "q/s in a batch", "build s",
         "memory, bytes/label", "p50 by argtop's", "batch time by argtop's"]
    )
    yield line(["---"] * 10)
    for row in rows:
        batch = number(row.get("batch_per_s"))
        if row["way"] == "sessions":
            batch += " (sessions)"
        cells = [row["system"], f"{row['recall']:.3f}", number(row["p50_us"]), number(row["p99_us"])]
        cells += [number(row["cpu_us"]), batch, number(row["build_s"], 1)]
        cells += [number(row["memory_bytes"] / row["rows"])]
        cells += [ratio(row, "p50_us", "p50_us"), ratio(row, "batch_per_s", "batch_per_s", turned=True)]
        yield line(cells)


def store_table(rows):
    yield line(
        ["store", "load and index, rows/s", "disk, bytes/label", "inserts/s", "p50 us", "p99 us",
         "syncs/s of the disk then", "found at once", "opened cold, first answer ms", "an insert is"]
    )
    yield line(["---"] * 10)
    for row in rows:
        if "insert_per_s" not in row:
            continue
        cells = [row["system"], number(row["load_rows_per_s"]), number(row["disk_bytes"] / row["rows"])]
        cells += [number(row["insert_per_s"]), number(row["insert_p50_us"]), number(row["insert_p99_us"])]
        cells += [number(row["syncs_per_s"]), f"{row['found_at_once']:.0%}"]
        cells += [number(row["cold_first_answer_s"] * 1e3), row["durable"]]
        yield line(cells)


def command(options):
    """What a person would type: paths of the machine are the script's own."""
    own = ("--home", "--program", "--model", "--onnxruntime", "--source", "--document", "--again", "--report")
    shown, skip = [], False
    for option in options:
        if skip:
            skip = False
        elif option.split("=")[0] in own:
            skip = "=" not in option and option not in ("--again", "--report")
        else:
            shown.append(option)
    return " ".join(["sh .setup/bench-peers.sh", *shown]) if shown else "make bench-peers"


def table(bench, every, options):
    rows = bench.rows()
    good = [rows[name] for name in every if name in rows and "failed" not in rows[name]]
    lines = []
    if good:
        days = sorted({datetime.date.fromtimestamp(row["at"]).isoformat() for row in good})
        loads = [row["load"] for row in good]
        lines += [
            f"{processor()}; {days[0]}{f' to {days[-1]}' if days[1:] else ''}; load average {min(loads):.1f} to "
            f"{max(loads):.1f} at the end of each system; `{command(options)}`.",
            f"{good[0]['rows']:,} labels of {good[0]['dimension']} numbers (`{bench.name}`), the best 100; "
            f"medians of {bench.rounds} rounds.",
            "",
            *search_table(good),
            "",
            *store_table(good),
            "",
        ]
        versions = {package: number for row in good for package, number in row["versions"].items()}
        named = ", ".join(f"{package} {number}" for package, number in sorted(versions.items()))
        lines.append(f"Versions: {named or 'argtop only'}.")
        references = sorted({row["reference"]["system"] for row in good if "reference" in row})
        if references:
            named = ", ".join(references)
            lines.append(f"The last two columns of the first table: below 1 a system is quicker than {named}.")
    for name in every:
        if name not in rows:
            lines.append(f"- {name}: not run (not asked for)")
        elif "failed" in rows[name]:
            reason = " ".join(rows[name]["failed"].split())[:200]
            lines.append(f"- {name}: not run ({reason})")
    return "\n".join(lines) + "\n"


def publish(document, text, svg, every):
    """Puts the table between its marks in the document, and the picture beside it. A table without some of
    the systems that the document shows would lose their figures: then nothing is written, and their names
    are returned."""
    before, rest = document.read_text().split(BEGIN)
    old, after = rest.split(END)
    missing = [name for name in every if is_measured(name, old) and not is_measured(name, text)]
    if not missing:
        document.write_text(f"{before}{BEGIN}\n{text}{END}{after}")
        document.with_name("benchmarks.svg").write_text(svg)
    return missing


def is_measured(name, table):
    """Whether a table has a line of the system."""
    return f"\n| {name} |" in table


def picture(rows, target):
    """Recall from left to right, single queries a second from bottom to top (each line ten times the last)."""
    curves = {
        name: [(recall, speed) for recall, speed in row["curve"] if recall >= LEAST_RECALL]
        for name, row in rows.items()
        if "curve" in row
    }
    curves = {name: points for name, points in curves.items() if points}
    speeds = [speed for points in curves.values() for _, speed in points] or [1]
    low, high = math.floor(math.log10(min(speeds))), math.ceil(math.log10(max(speeds)) + 1e-9)

    def x(recall):
        return LEFT + (recall - LEAST_RECALL) / (1 - LEAST_RECALL) * (WIDTH - LEFT - RIGHT)

    def y(speed):
        part = (math.log10(speed) - low) / max(1, high - low)
        return HEIGHT - BOTTOM - part * (HEIGHT - TOP - BOTTOM)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        'font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
    ]
    for tenth in range(round((1 - LEAST_RECALL) * 100) + 1):
        recall = LEAST_RECALL + tenth / 100
        if tenth % 5 == 0:
            parts.append(grid(x(recall), TOP, x(recall), HEIGHT - BOTTOM))
            parts.append(label(x(recall), HEIGHT - BOTTOM + 18, f"{recall:.2f}", "middle"))
    for power in range(low, high + 1):
        parts.append(grid(LEFT, y(10**power), WIDTH - RIGHT, y(10**power)))
        parts.append(label(LEFT - 8, y(10**power) + 4, f"{10**power:,}", "end"))
    middle = (LEFT + WIDTH - RIGHT) / 2
    parts.append(label(middle, HEIGHT - 12, "recall of the best 100", "middle"))
    parts.append(
        f'<text transform="translate(16 {HEIGHT / 2}) rotate(-90)" text-anchor="middle">'
        "queries a second, one at a time</text>"
    )
    parts.append(
        f'<line x1="{x(target):.1f}" y1="{TOP}" x2="{x(target):.1f}" y2="{HEIGHT - BOTTOM}" '
        'stroke="#999" stroke-dasharray="4 4"/>'
    )
    for place, (name, points) in enumerate(sorted(curves.items())):
        colour = COLOURS[place % len(COLOURS)]
        width = 3 if name.startswith("argtop") else 1.5
        joined = " ".join(f"{x(recall):.1f},{y(speed):.1f}" for recall, speed in sorted(points))
        parts.append(f'<polyline points="{joined}" fill="none" stroke="{colour}" stroke-width="{width}"/>')
        for recall, speed in points:
            parts.append(f'<circle cx="{x(recall):.1f}" cy="{y(speed):.1f}" r="3" fill="{colour}"/>')
        height = TOP + 12 + 20 * place
        start = WIDTH - RIGHT + 16
        parts.append(
            f'<line x1="{start}" y1="{height - 4}" x2="{start + 22}" y2="{height - 4}" stroke="{colour}" '
            f'stroke-width="{width}"/>'
        )
        parts.append(label(start + 28, height, name, "start"))
    return "\n".join([*parts, "</svg>", ""])


def grid(x1, y1, x2, y2):
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="#ddd"/>'


def label(x, y, text, anchor):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{text}</text>'
