# Makes the table of results: awk -f flat.awk -f table.awk results.jsonl

BEGIN {
    names = "group points P@1 P@3 P@5 PSP@5 R@100 COVERAGE@5 gap_closed seconds processor memory_mib"
    columns = split(names, column, " ")
    head = "| set | ablation | setting |"
    rule = "|---|---|---|"
    for (at = 1; at <= columns; at++) {
        name = column[at]
        if (name == "group") name = "decile"
        if (name == "gap_closed") name = "gap closed at P@1, P@5, R@100"
        if (name == "seconds") name = "training s"
        if (name == "processor") name = "processor s"
        if (name == "memory_mib") name = "peak MiB"
        head = head " " name " |"
        rule = rule (column[at] == "group" || column[at] == "gap_closed" ? "---|" : "--:|")
    }
    print head
    print rule
}

# The share of the way from the embedding alone to a training with all labels that an insertion goes.
function closed(    part, base, whole, metric, count, at, share, text) {
    part = value["setting"]
    if (part !~ /^held_/) return ""
    sub(/^held_/, "", part)
    base = value["set"] SUBSEP value["ablation"] SUBSEP "whole_zero_shot"
    whole = value["set"] SUBSEP value["ablation"] SUBSEP "whole_" part
    count = split("P@1 P@5 R@100", metric, " ")
    for (at = 1; at <= count; at++) {
        share = kept[whole, metric[at]] - kept[base, metric[at]]
        if (share > 0) share = sprintf("%.0f %%", 100 * (value[metric[at]] - kept[base, metric[at]]) / share)
        else share = "no gap"
        text = text (at > 1 ? ", " : "") share
    }
    return text
}

{
    parse($0)
    split("P@1 P@5 R@100", metric, " ")
    for (at = 1; at <= 3; at++)
        kept[value["set"], value["ablation"], value["setting"], metric[at]] = value[metric[at]]
    value["gap_closed"] = value["ablation"] ~ /^holdout/ ? closed() : ""
    line = "| " value["set"] " | " value["ablation"] " | " value["setting"] " |"
    for (at = 1; at <= columns; at++) {
        text = value[column[at]]
        if (column[at] ~ /@/ && text != "") text = sprintf("%.2f", text)
        if (column[at] ~ /^(seconds|processor)$/ && text != "") text = sprintf("%.1f", text)
        line = line " " text " |"
    }
    print line
}
