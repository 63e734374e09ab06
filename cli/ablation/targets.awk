# Rewrites lines of points in the layout of the XC repository. The programs that cut sets read this file first.

# The line of a point with those of its labels that are in `number`, under the numbers found there; nothing
# where none is. awk has no local variables but parameters.
function with_targets(line, number,    before, list, count, targets, at, kept, ones) {
    if (!match(line, /"target_ind": *\[[^]]*\]/)) return ""
    before = substr(line, 1, RSTART - 1)
    list = substr(line, RSTART, RLENGTH)
    sub(/^[^[]*\[/, "", list)
    sub(/\]$/, "", list)
    count = split(list, targets, / *, */)
    kept = ""
    ones = ""
    for (at = 1; at <= count; at++)
        if (targets[at] in number) {
            kept = kept (kept == "" ? "" : ", ") number[targets[at]]
            ones = ones (ones == "" ? "" : ", ") "1.0"
        }
    if (kept == "") return ""
    return before "\"target_ind\": [" kept "], \"target_rel\": [" ones "]}"
}
