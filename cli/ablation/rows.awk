# Makes lines of results out of the rows of EVALUATE: the set, the ablation and the setting come in front,
# what the training of that setting took comes behind.

BEGIN {
    while ((getline line < costs) > 0) {
        split(line, field, "\t")
        seconds[field[1]] += field[2]
        processor[field[1]] += field[4]
        if (field[3] > memory[field[1]]) memory[field[1]] = field[3] + 0
    }
}

match($0, /^\{"target":"([^"\\]|\\.)*"/) {
    setting = substr($0, 12, RLENGTH - 12)
    rest = substr($0, RSTART + RLENGTH)
    sub(/\}$/, "", rest)
    gsub(/\\"/, "", setting)
    sub(/^PIPELINE /, "", setting)
    # Costs are those of the pipeline, whatever its overrides.
    name = setting
    sub(/ .*/, "", name)
    if (name in seconds) rest = rest sprintf(",\"seconds\":%.1f", seconds[name])
    if (processor[name] > 0) rest = rest sprintf(",\"processor\":%.1f", processor[name])
    if (memory[name] > 0) rest = rest sprintf(",\"memory_mib\":%d", memory[name])
    printf "{\"set\":\"%s\",\"ablation\":\"%s\",\"setting\":\"%s\"%s}\n", set, ablation, setting, rest
}
