# Cuts the test points out that have a label held out. Give the numbers of those labels, the unpacked test
# file, and the filter file where the set has one:
#   awk -v out=FOLDER -f targets.awk -f holdout.awk labels.csv tst.json [filter_labels_test.txt]
# tst.json has those points with all their labels, tst_held.json the same points with only the labels held
# out.

FNR == 1 { file++ }

file == 1 { if ($1 ~ /^[0-9]+$/) held[$1] = $1; next }

file == 2 {
    point = FNR - 1
    line = with_targets($0, held)
    if (line == "") next
    row[point] = rows++
    print > (out "/tst.json")
    print line > (out "/tst_held.json")
    next
}

file == 3 && ($1 in row) { print row[$1], $2 > (out "/filter_labels_test.txt") }
