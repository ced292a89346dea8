#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The memtable command from end to end, on the device: every subcommand, what it
# prints, and the status with which it ends. With NO_DEVICE set it tests how the
# command is used, well or badly, instead.

device=/dev/memtable
number=747301
other=747302
tab='	'
newline='
'
count=0
failed=0
directory=$(mktemp -d)

trap 'rm -rf "$directory"; memtable drop $number $other 2>/dev/null' EXIT
cd "$directory" || exit 1

# result NAME STATUS: tells the result of a test, good if STATUS is 0.
result()
{
	count=$((count + 1))
	if [ "$2" = 0 ]; then
		echo "ok $count - $1"
	else
		echo "not ok $count - $1"
		failed=1
	fi
}

# run STATUS COMMAND...: runs a command, and fails if it ends otherwise.
run()
{
	wanted=$1
	shift
	"$@" >out 2>err </dev/null
	status=$?
	[ $status = "$wanted" ] && return
	echo "# $*: ended with $status, not $wanted"
	sed 's/^/#   /' out err
	return 1
}

# text FILE: what a file has, in $text. Programs take long to start in some kernels,
# so the shell reads it itself.
text()
{
	text=
	while IFS= read -r line; do
		text=$text$line$newline
	done <"$1"
	text=$text$line
}

# prints NAME STATUS TEXT COMMAND...: standard output is the text and a newline,
# or nothing if that is empty, and there is no message.
prints()
{
	name=$1 wanted=$2 expected=${3:+$3$newline}
	shift 3
	if run "$wanted" "$@"; then
		text out
		if [ "$text" = "$expected" ] && ! [ -s err ]; then
			result "$name" 0
			return
		fi
		sed 's/^/# printed: /' out err
		printf '%s' "$expected" | sed 's/^/# wanted:  /'
	fi
	result "$name" 1
}

# complains NAME STATUS TEXT COMMAND...: there is a message that has the text,
# and no output.
complains()
{
	name=$1 wanted=$2 expected=$3
	shift 3
	if run "$wanted" "$@"; then
		text err
		case $text in
		*"$expected"*)
			if ! [ -s out ]; then
				result "$name" 0
				return
			fi
			;;
		esac
		echo "# no message with: $expected"
		sed 's/^/# printed: /' out err
	fi
	result "$name" 1
}

fresh()
{
	memtable drop $number $other 2>/dev/null
}

# A line of what stat prints.
stat_line()
{
	memtable stat $number | while IFS=$tab read -r name value; do
		[ "$name" != "$1" ] || echo "$value"
	done
}

# Usage, and messages that say what to do, which need no device.
test_usage()
{
	run 0 memtable --help && grep -q '^usage: memtable' out && ! [ -s err ]
	result "--help" $?
	run 0 memtable --version && grep -q '^memtable [0-9]' out
	result "--version" $?
	for command in create put get delete scan stat list pivot split rotate seal drop load dump restore flush share; do
		run 0 memtable $command --help && grep -q "^usage: memtable $command" out
		result "$command --help" $?
		complains "$command refuses an unknown option" 2 "Try 'memtable $command --help'" \
			memtable $command --nonsense
	done
	complains "no command" 2 "no command given" memtable
	complains "an unknown command" 2 "no such command: nonsense" memtable nonsense 1
	complains "a message breaks no line, and the terminal does not obey it" 2 \
		'no such command: a\x1b[2J\nb\xff' memtable "$(printf 'a\033[2J\nb\377')" 1
	complains "too few operands" 2 "put takes NUMBER KEY" memtable put $number
	complains "too many operands" 2 "get takes NUMBER KEY" memtable get $number k more
	complains "an option that the command does not have" 2 "unrecognized option" \
		memtable get --reverse $number k
	for bad in x 1x -1 +1 '' ' 1' 18446744073709551616; do
		complains "'$bad' is not a number" 2 "not a table number" memtable get -- "$bad" k
	done
	complains "0 is not a snapshot" 2 "--snapshot" memtable get --snapshot=0 $number k
	complains "not a batch size" 2 "--batch" memtable load --batch=0 $number -
	complains "not a format" 2 "--format" memtable load --format=xml $number -
	complains "not a size" 2 "--max-size" memtable put --max-size=1T $number k v
	complains "a size that is too large" 2 "--max-size" \
		memtable put --max-size=17179869184G $number k v
	complains "not an escape" 2 "not a valid escape" memtable put --escaped $number 'a\q' v

	complains "no device" 3 "modprobe memtable" memtable get --device=/dev/none $number k
	complains "not the device" 3 "not a memtable device" memtable list --device=/dev/null
	if [ -w /dev/full ]; then
		memtable --help >/dev/full 2>err
		[ $? = 3 ] && grep -q 'standard output' err
		result "output that cannot be written" $?
	fi
}

if [ -n "${NO_DEVICE-}" ]; then
	test_usage
	echo "1..$count"
	exit $failed
fi

# Permission, and tables that are not there.

fresh
mode=$(stat -c %a $device)
chmod 600 $device
complains "no permission" 3 "no permission to open $device" \
	su -s /bin/sh nobody -c "memtable list"
chmod "$mode" $device
for command in "get $number k" "delete $number k" "scan $number" "stat $number" \
		"seal $number" "drop $number" "pivot $number" "dump $number file" \
		"share $number true" "rotate $number $other" "split $number $other"; do
	# shellcheck disable=SC2086 # several words
	complains "no table: $command" 4 "you have no table $number" memtable $command
done

# One entry.

prints "put makes the table" 0 "" memtable put $number key "some value"
prints "get" 0 "some value" memtable get $number key
complains "get what is not there" 1 "'absent' is not there" memtable get $number absent
prints "put prints its sequence number" 0 2 memtable put --print-sequence $number key newer
prints "delete" 0 3 memtable delete --print-sequence $number key
complains "get what is deleted" 1 "'key' is deleted, by sequence number 3" \
	memtable get $number key
prints "get at a snapshot" 0 "some value" memtable get --snapshot=1 $number key
prints "get at a later snapshot" 0 newer memtable get --snapshot=2 $number key
prints "delete what is not there" 0 "" memtable delete $number absent
prints "put an empty value" 0 "" memtable put $number empty ""
run 0 memtable get --raw $number empty && ! [ -s out ]
result "get --raw of an empty value" $?
prints "put an empty key" 0 "" memtable put $number "" "of the empty key"
prints "get an empty key" 0 "of the empty key" memtable get $number ""
prints "a key that looks like an option" 0 "" memtable put $number -- --raw -v
prints "get a key that looks like an option" 0 "-v" memtable get $number -- --raw

printf 'from\0standard\ninput\n' >value
memtable put $number piped <value
result "put from standard input" $?
run 0 memtable get --raw $number piped && cmp -s out value
result "get --raw gives the bytes back" $?
prints "get escapes" 0 'from\x00standard\ninput\n' memtable get $number piped
prints "get --json" 0 \
	'{"key":"piped","value":"from\u0000standard\ninput\n","sequence":8,"type":"value"}' \
	memtable get --json $number piped
prints "put --escaped" 0 "" memtable put --escaped $number 'a\tb\xff' '\\n\n\x00\x80'
prints "get --escaped" 0 '\\n\n\x00\x80' memtable get --escaped $number 'a\tb\xff'
complains "escapes are only read when asked to" 1 "is not there" \
	memtable get $number 'a\tb\xff'
prints "get --json of what is not UTF-8" 0 \
	'{"key_base64":"YQli/w==","value_base64":"XG4KAIA=","sequence":9,"type":"value"}' \
	memtable get --json --escaped $number 'a\tb\xff'
head -c 16777216 /dev/zero | memtable put $number longest
result "put the longest value" $?
[ "$(memtable get --raw $number longest | wc -c)" = 16777216 ]
result "get the longest value" $?
head -c 16777217 /dev/zero | memtable put $number longer 2>err
[ $? = 3 ] && grep -q 'too long' err
result "put a value that is too long" $?

# Scans.

fresh
for key in plum fig apple pear peach; do
	memtable put $number $key "a $key"
done
memtable delete $number fig
memtable put $number apple "another apple"

prints "scan" 0 "apple${tab}another apple
peach${tab}a peach
pear${tab}a pear
plum${tab}a plum" memtable scan $number
prints "scan --reverse --keys-only" 0 "plum
pear
peach
apple" memtable scan --reverse --keys-only $number
prints "scan --prefix" 0 "peach${tab}a peach
pear${tab}a pear" memtable scan --prefix=pe $number
prints "scan --prefix --reverse" 0 "pear${tab}a pear
peach${tab}a peach" memtable scan --prefix=pe --reverse $number
prints "scan --start --end" 0 "peach
pear" memtable scan --keys-only --start=b --end=plum $number
prints "scan --start --end --reverse" 0 "pear
peach" memtable scan --keys-only --reverse --start=peach --end=plum $number
prints "scan of an empty range" 0 "" memtable scan --start=q --end=a $number
prints "scan --limit" 0 "apple${tab}another apple" memtable scan --limit=1 $number
prints "scan --limit=0" 0 "" memtable scan --limit=0 $number
prints "scan --snapshot" 0 "fig${tab}a fig
plum${tab}a plum" memtable scan --snapshot=2 $number
prints "scan --tombstones" 0 "apple${tab}another apple${tab}7${tab}value
fig${tab}${tab}6${tab}deletion
peach${tab}a peach${tab}5${tab}value" memtable scan --tombstones --limit=3 $number
prints "scan --all-versions" 0 "apple${tab}another apple${tab}7${tab}value
apple${tab}a apple${tab}3${tab}value
fig${tab}a fig${tab}2${tab}value" memtable scan --all-versions --limit=3 $number
prints "scan --json" 0 '{"key":"apple","value":"another apple","sequence":7,"type":"value"}
{"key":"fig","sequence":6,"type":"deletion"}' \
	memtable scan --json --tombstones --limit=2 $number
prints "scan --json --keys-only" 0 '{"key":"apple","sequence":7,"type":"value"}' \
	memtable scan --json --keys-only --limit=1 $number
prints "scan --escaped" 0 "peach${tab}a peach" \
	memtable scan --escaped --prefix='pe\x61c' $number
complains "scan --prefix --start" 2 "--prefix does not go with" \
	memtable scan --prefix=a --start=b $number

# Figures.

run 0 memtable stat $number
text out
for line in "number $number" "entries 7" "tombstones 1" "last_sequence 7" \
		"write_buffer_size 4194304" "max_size 0" "first_key apple" "last_key plum"; do
	case $newline$text in
	*"$newline${line% *}$tab${line#* }$newline"*) result "stat: $line" 0 ;;
	*) result "stat: $line" 1 ;;
	esac
done
run 0 memtable stat --json $number && grep -q "^{\"number\":$number,\"entries\":7,.*\
\"state\":\[\],\"order\":\"bytewise\",\"kind\":\"versioned\",\"first_key\":\"apple\",\
\"last_key\":\"plum\"}\$" out
result "stat --json" $?
memtable put $other k v
run 0 memtable list && head -n 1 out | grep -q "^number${tab}entries${tab}" &&
	grep -q "^$number${tab}7${tab}1${tab}" out && grep -q "^$other${tab}1${tab}0${tab}" out
result "list" $?
run 0 memtable list --json &&
	grep -q "^{\"number\":$other,\"entries\":1,.*\"last_sequence\":1,\"state\":\[\]}\$" out
result "list --json" $?

prints "seal" 0 "" memtable seal $number
prints "seal again" 0 "" memtable seal $number
[ "$(stat_line state)" = sealed ]
result "stat: state sealed" $?
complains "put into a sealed table" 6 "table $number is sealed" memtable put $number k v
complains "delete from a sealed table" 6 "table $number is sealed" memtable delete $number k
prints "get from a sealed table" 0 "a plum" memtable get $number plum
prints "drop" 0 "" memtable drop $number
complains "drop goes on after a number that is not there" 4 "no table $number" \
	memtable drop $number $other
complains "drop did drop" 4 "no table $other" memtable stat $other
complains "drop what is not a number" 2 "not a table number" memtable drop seven

# Sizes.

prints "put with sizes" 0 "" memtable put --write-buffer-size=32K --max-size=1M $number k v
[ "$(stat_line write_buffer_size)" = 32768 ] && [ "$(stat_line max_size)" = 1048576 ]
result "stat: the sizes" $?
complains "sizes of a table that is there" 3 "its sizes, order and kind can only be given" \
	memtable put --max-size=2M $number k v
fresh
complains "sizes that do not fit" 2 "beyond the maximum size" \
	memtable put --write-buffer-size=2M --max-size=1M $number k v
complains "sizes that do not fit make no table" 4 "no table" memtable stat $number
head -c 70000 /dev/zero | tr '\0' x >large
memtable put --max-size=64K $number k v
memtable put $number big <large 2>err
[ $? = 5 ] && grep -q "table $number is full" err
result "put into a full table" $?
prints "what was there is there" 0 v memtable get $number k
complains "what did not fit is not" 1 "is not there" memtable get $number big

# Kinds and orders.

fresh
prints "create" 0 "" memtable create --order=reverse --kind=map --max-size=1M $number
[ "$(stat_line order)" = reverse ] && [ "$(stat_line kind)" = map ] &&
	[ "$(stat_line max_size)" = 1048576 ]
result "stat: order and kind" $?
complains "create what is there" 3 "table $number exists already" memtable create $number
complains "not an order" 2 "--order" memtable create --order=upward $other
complains "not a kind" 2 "--kind" memtable create --kind=set $other
complains "pivot of an empty table" 1 "table $number is empty" memtable pivot $number
for key in a b bc c; do
	memtable put $number $key "old $key"
	memtable put $number $key "new $key"
done
memtable delete $number c
prints "a map in reverse order" 0 "bc${tab}new bc
b${tab}new b
a${tab}new a" memtable scan $number
[ "$(memtable scan --tombstones --all-versions $number | wc -l)" = 3 ]
result "all versions of a map" $?
prints "a prefix in reverse order" 0 "bc
b" memtable scan --prefix=b --keys-only $number
prints "a range in reverse order" 0 "b" memtable scan --start=b --end=a --keys-only $number
prints "pivot" 0 b memtable pivot $number
prints "pivot --json" 0 '{"key":"b"}' memtable pivot --json $number

# Splits.

fresh
memtable create --max-size=1M $number
for key in a b c d; do
	memtable put $number $key value
done
prints "split" 0 "$number${tab}2${tab}12
$other${tab}2${tab}12" memtable split $number $other
prints "split: the lower part" 0 "a
b" memtable scan --keys-only $number
prints "split: the upper part" 0 "c
d" memtable scan --keys-only $other
[ "$(memtable stat $other | sed -n "s/^max_size$tab//p")" = 1048576 ]
result "split: the configuration stays" $?
prints "split: the sequence numbers go on" 0 5 memtable put --print-sequence $other e value
complains "split to a number that is taken" 3 "table $other exists already" \
	memtable split $number $other
complains "split to what is not a number" 2 "not a table number" memtable split $number seven
memtable drop $other
prints "split --at" 0 "{\"number\":$number,\"entries\":1,\"logical_bytes\":6}
{\"number\":$other,\"entries\":1,\"logical_bytes\":6}" \
	memtable split --json --escaped --at='a\x00' $number $other
prints "split --at: the upper part" 0 b memtable scan --keys-only $other
memtable drop $other
memtable seal $number
complains "split of a sealed table" 6 "table $number is sealed" memtable split $number $other
complains "split of a sealed table makes none" 4 "you have no table $other" memtable stat $other

# Rotations.

fresh
memtable put --order=reverse $number key old
prints "rotate" 0 "" memtable rotate $number $other
prints "rotate: what was there is under the other number" 0 old memtable get $other key
complains "rotate: it is sealed" 6 "table $other is sealed" memtable put $other key new
complains "rotate: the number goes on empty" 1 "is not there" memtable get $number key
prints "rotate: the sequence numbers go on" 0 2 memtable put --print-sequence $number key new
[ "$(stat_line order)" = reverse ]
result "rotate: the configuration stays" $?
complains "rotate to a number that is taken" 3 "table $other exists already" \
	memtable rotate $number $other
prints "rotate to a number that is taken changes nothing" 0 new memtable get $number key
complains "rotate to what is not a number" 2 "not a table number" memtable rotate $number seven
memtable drop $other
prints "rotate again" 0 "" memtable rotate $number $other
prints "rotate again: what was there" 0 new memtable get $other key

# Dumps.

fresh
memtable put $number key old
memtable put $number key new
memtable delete $number "gone$tab"
prints "dump" 0 "" memtable dump $number file
! [ -e file.tmp ] && prints "restore" 0 "" memtable restore $other file
prints "restore gives all versions back" 0 "gone\\t${tab}${tab}3${tab}deletion
key${tab}new${tab}2${tab}value
key${tab}old${tab}1${tab}value" memtable scan --all-versions --tombstones $other
prints "dump --json" 0 "{\"number\":$other,\"file\":\"file\",\"entries\":3}" \
	memtable dump --json $other file
complains "dump --json to standard output" 2 "does not go with '-'" memtable dump --json $other -
memtable dump $other - >again && cmp file again
result "dump to standard output" $?
memtable drop $other
prints "restore --json" 0 "{\"number\":$other,\"entries\":3}" memtable restore --json $other file
memtable drop $other
memtable restore --kind=versioned $other - <again && prints "restore from a pipe" 0 new \
	memtable get $other key
complains "restore twice" 3 "has an entry with that key" memtable restore $other file
complains "restore of a file that is not there" 3 "none: No such file" \
	memtable restore $number none
head -c 40 file >partial
memtable drop $other
complains "restore of a file that is cut off" 3 "partial: not a whole stream of records; the table \
has the 1 entries" memtable restore $other partial
complains "dump to a folder that is not there" 3 "No such file" memtable dump $number none/file
complains "dump to a folder" 3 "Is a directory" memtable dump $number .
complains "dump to a device" 3 "/dev/null: File exists; table $number is as it was" \
	memtable dump $number /dev/null
[ -c /dev/null ]
result "dump to a device: it is one still" $?
complains "dump to no name" 3 "No such file" memtable dump $number ""
complains "dump to a name that is too long" 3 "File name too long" \
	memtable dump $number "$(printf '%0252d' 0)"
ln -s file link.tmp
cp file victim
complains "dump to where a link lies in wait" 3 "symbolic links" memtable dump $number link
cmp file victim
result "dump to where a link lies in wait: what it leads to is as it was" $?

# Names that mean something to a shell, a format or a terminal.
for strange in 'two words' '%s%n' 'a\nb' -f '*' "$(printf 'line\nbreak')" "$(printf '\t\033[2J')" \
		"$(printf '\377\376')" "$(printf '%0251d' 0)"; do
	memtable drop $other
	memtable dump $number -- "$strange" && memtable restore $other -- "$strange" &&
		memtable dump $other - | cmp - -- "$strange"
	result "dump and restore: a strange name" $?
	memtable drop $other
	memtable scan $number >"$strange"
	memtable load $other -- "$strange" && memtable scan $other | cmp - -- "$strange"
	result "load: a strange name" $?
	rm -- "$strange"
done
strange=$(printf 'line\nbreak\tand\033[2J')
complains "restore of what is not there, by a strange name" 3 \
	'memtable: line\nbreak\tand\x1b[2J: No such file' memtable restore $other "$strange"
complains "load of what is not there, by a strange name" 3 \
	'memtable: line\nbreak\tand\x1b[2J: No such file' memtable load $other "$strange"
prints "flush tells a strange name in one field" 0 "$other${tab}line\\nbreak\\tand\\x1b[2J${tab}1" \
	memtable flush $other "$strange"
rm "$strange"

# Pipes that are closed: by default that is the end, otherwise it is told.
head -c 1000000 /dev/zero | memtable put $number large
for command in "dump $number -" "scan $number" "get $number large"; do
	# shellcheck disable=SC2086 # several words
	{ memtable $command; echo $? >status; } | true
	[ "$(cat status)" = 141 ]
	result "a closed pipe: $command" $?
	# shellcheck disable=SC2086
	{ (trap '' PIPE; exec memtable $command); echo $? >status; } 2>err | true
	[ "$(cat status)" = 3 ] && grep -q "standard output: Broken pipe" err
	result "a closed pipe, ignored: $command" $?
	# shellcheck disable=SC2086
	memtable $command >/dev/full 2>err
	[ $? = 3 ] && grep -q "standard output: No space" err
	result "a full disk behind standard output: $command" $?
done
memtable delete $number large
mkdir small
if mount -t tmpfs -o size=64k none small; then
	head -c 100000 /dev/zero | memtable put $number large
	complains "dump to a full disk" 3 "small/file: the disk is full; nothing was left there" \
		memtable dump $number small/file
	[ -z "$(ls small)" ] && [ "$(memtable get $number key)" = new ]
	result "dump to a full disk leaves nothing but the table" $?
	umount small
fi

# Shares.

fresh
memtable put $number key value
memtable share --read-only $number -- sh -c 'cat <&3' >stream
memtable dump $number - | cmp - stream
result "share: a program reads the stream" $?
memtable drop $other
memtable create $other
memtable share $other -- sh -c 'cat stream >&3' && prints "share: a program writes the stream" 0 \
	value memtable get $other key
! memtable share --read-only $other -- sh -c 'cat stream >&3' 2>err && [ -s err ]
result "share --read-only: a program cannot write" $?
complains "share with a program that is not there" 3 "no-such-program: No such file" \
	memtable share $number no-such-program

# Loads.

fresh
seq 1 2500 | sed "s/.*/key&${tab}value &/" >lines
prints "load" 0 2500 memtable load --print-sequence $number lines
[ "$(stat_line entries)" = 2500 ]
result "load: all are there" $?
prints "load --json" 0 "{\"number\":$other,\"entries\":2500,\"last_sequence\":2500}" \
	memtable load --json $other lines
LC_ALL=C sort lines >sorted
memtable scan $number | cmp - sorted
result "load: the scan is the sorted input" $?
fresh
memtable load --batch=7 $number - <lines && memtable scan $number | cmp - sorted
result "load from a pipe, in small batches" $?

fresh
printf 'bin\\x00\\xffary\t\\t\\n\\\\\nUTF-8 \303\251\t\302\233\nempty\t\n\tempty key\n' >lines
memtable load $number lines
memtable scan $number >once
memtable load $other once
memtable scan $other | cmp - once
result "what scan prints load takes" $?
# shellcheck disable=SC1003 # nothing is quoted
prints "the bytes are the same" 0 '\t\n\\' memtable get --escaped $other 'bin\x00\xffary'
memtable put $number empty "no more"
memtable delete $number ""
memtable drop $other
memtable scan --all-versions --tombstones $number >versions
memtable load $other versions && memtable scan --all-versions --tombstones $other | cmp - versions
result "what scan --all-versions prints load takes" $?
complains "load versions twice" 3 "has an entry with that key" memtable load $other versions

fresh
printf 'a\t1\nb\t2\nc\t3\nnonsense\nx\t4\n' >lines
complains "load of a malformed line" 3 "lines:4: not KEY, tab, VALUE" \
	memtable load --batch=2 $number lines
prints "the batches before are there, the last is not" 0 "a${tab}1
b${tab}2" memtable scan $number
complains "load of a file that is not there" 3 "none: No such file" memtable load $number none
complains "load of a directory" 3 "Is a directory" memtable load $number .
fresh
complains "load of a file that is not there makes no table" 4 "no table" memtable stat $number
prints "load of an empty file makes the table" 0 "" memtable load $number /dev/null
prints "scan of an empty table" 0 "" memtable scan $number
[ "$(stat_line entries)" = 0 ] && [ -z "$(stat_line first_key)" ]
result "stat of an empty table" $?

fresh
seq 1 1000 | sed "s/.*/&${tab}a value of some length, so that they fill the table/" >lines
complains "load into a full table" 5 "table $number is full" \
	memtable load --max-size=64K --batch=100 $number lines
entries=$(stat_line entries)
[ "$entries" -gt 0 ] && [ $((entries % 100)) = 0 ] && grep -q "the $entries entries" err
result "load: whole batches are there, and the message tells how many" $?
memtable seal $number
complains "load into a sealed table" 6 "is sealed" memtable load $number lines

# The key is the package, the value the stanza. The last one has no newline.
fresh
printf 'Package: b\nVersion: 1\n\nPackage: a\nDescription: x\n y\n .\n\n\nPackage: b\nVersion: 2' \
	>control
prints "load --format=deb822" 0 3 memtable load --format=deb822 --print-sequence $number control
prints "deb822: a stanza" 0 'Package: a\nDescription: x\n y\n .\n' memtable get $number a
prints "deb822: a later stanza of the same name" 0 'Package: b\nVersion: 2' \
	memtable get $number b
prints "deb822: the earlier one" 0 'Package: b\nVersion: 1\n' memtable get --snapshot=1 $number b
printf 'Package: a\n\nVersion: 1\n' >control
complains "deb822: a stanza without a name" 3 \
	"control:3: the stanza that begins here has no Package field" \
	memtable load --format=deb822 $number control

# Logs of LevelDB: three batches, of sequence numbers 5, 7 and 9 on.

fresh
printf 's\022\372$#\000\001\005\000\000\000\000\000\000\000\002\000\000\000\001\005apple\003red\001\004pear\005green' >log
printf 'Jz\241\313\036\000\001\007\000\000\000\000\000\000\000\002\000\000\000\000\005apple\001\004plum\004blue' >>log
printf '@s-,\027\000\001\011\000\000\000\000\000\000\000\001\000\000\000\001\003fig\005brown' >>log
prints "load --format=leveldb-log" 0 9 \
	memtable load --format=leveldb-log --print-sequence $number log
prints "the log's entries are there" 0 "apple${tab}${tab}7${tab}deletion
apple${tab}red${tab}5${tab}value
fig${tab}brown${tab}9${tab}value
pear${tab}green${tab}6${tab}value
plum${tab}blue${tab}8${tab}value" memtable scan --all-versions --tombstones $number
fresh
head -c 100 log >torn
memtable load --format=leveldb-log $number torn 2>err &&
	grep -q "torn: the last 21 bytes are of a batch" err &&
	[ "$(stat_line entries)" = 4 ]
result "a torn log: what is whole is loaded, the rest is told" $?
fresh
{ head -c 30 log; printf X; tail -c +32 log; } >bad
complains "a corrupt log" 3 "bad: corrupt behind byte" \
	memtable load --format=leveldb-log $number bad
fresh
memtable load --format=leveldb-log --skip-corrupt $number bad 2>err &&
	grep -q "bad: .* bytes in 1 places are corrupt and were skipped" err
result "a corrupt log with --skip-corrupt" $?
complains "a log that is not there" 3 "none: No such file" \
	memtable load --format=leveldb-log $number none

# Job control: the input comes in pieces that end anywhere, and each comes while the
# command is stopped. All of it is less than a pipe holds.

# stopped FILE COMMAND...
stopped()
{
	file=$1
	shift
	size=$(($(wc -c <"$file") / 30 + 1))
	"$@" >out 2>err <input &
	fed=$!
	exec 3<"$file" 4>input
	for _ in $(seq 30); do
		kill -STOP $fed
		dd bs=$size count=1 <&3 >&4 2>/dev/null
		kill -CONT $fed
		sleep 0.02
	done
	exec 3<&- 4>&-
	wait $fed
}

fresh
mkfifo input
seq 1 1500 | sed "s/.*/key&${tab}the value &/" | LC_ALL=C sort >lines
stopped lines memtable load --batch=7 $number - && memtable scan $number | cmp - lines
result "stopped and continued: load" $?
stopped lines memtable put $other key && memtable get --raw $other key | cmp - lines
result "stopped and continued: put" $?
memtable drop $other $number
head -n 900 lines >fewer
memtable load $number fewer
memtable dump $number file
stopped file memtable restore $other - && memtable dump $other - | cmp - file
result "stopped and continued: restore" $?
fresh
stopped log memtable load --format=leveldb-log $number - && [ "$(stat_line entries)" = 5 ] &&
	! [ -s err ]
result "stopped and continued: load of a log" $?

# More than a pipe holds, so that the command waits for who reads it.
fresh
seq 100001 110000 | sed "s/.*/key&${tab}value/" >lines
memtable load $number lines
for command in scan dump; do
	if [ $command = dump ]; then
		memtable dump $number file
		set -- memtable dump $number -
	else
		cp lines file
		set -- memtable scan $number
	fi
	"$@" >input 2>err &
	fed=$!
	exec 3<input
	for _ in $(seq 30); do
		dd bs=2000 count=1 <&3 2>/dev/null
		kill -STOP $fed
		sleep 0.02
		kill -CONT $fed
	done >taken
	cat <&3 >>taken
	exec 3<&-
	wait $fed && cmp file taken
	result "stopped and continued: $command" $?
done

# Flushes.

fresh
memtable put $number key old
memtable put $number key new
memtable delete $number gone
prints "flush" 0 "$number${tab}flushed${tab}3" memtable flush $number flushed
complains "flush did drop the table" 4 "no table" memtable stat $number
memtable restore $number flushed && [ "$(stat_line entries)" = 3 ]
result "flush: all is in the file" $?
complains "flush to a folder that is not there" 3 "table $number is as it was" \
	memtable flush $number none/file
prints "what could not be flushed is there" 0 new memtable get $number key
[ "$(stat_line state)" = sealed ]
result "what could not be flushed is sealed" $?
prints "flush --json" 0 "{\"number\":$number,\"file\":\"flushed\",\"entries\":3}" \
	memtable flush --json $number flushed
complains "flush without a file" 2 "flush takes NUMBER FILE" memtable flush $number
complains "flush --watch with a number" 2 "--watch=FOLDER alone" memtable flush --watch=. $number
complains "flush to an unknown format" 2 "--format" memtable flush --format=xml $number file
for format in leveldb rocksdb; do
	memtable create $number
	memtable put $number key value
	if run 3 memtable flush --format=$format $number table >/dev/null; then
		grep -q "without $format" err
		result "flush --format=$format says that it is missing" $?
	else
		[ -s table ] && grep -q "^$number${tab}table${tab}1\$" out
		result "flush --format=$format" $?
		rm table
	fi
	memtable drop $number 2>/dev/null
	run 3 memtable load --format=$format $number none && [ -s err ]
	result "load --format=$format of what is not there" $?
	fresh
done

# Flushers.

# start FOLDER: has tables flushed into it in the background.
start()
{
	memtable flush --watch="$1" >>watch 2>&1 &
	watcher=$!
}

# within COMMAND...: the command succeeds at some time in ten seconds.
within()
{
	for _ in $(seq 100); do
		"$@" >/dev/null 2>&1 && return
		sleep 0.1
	done
	return 1
}

gone()
{
	! memtable stat "$1"
}

fresh
mkdir watched
echo >watched/000041.records
start watched
memtable put --write-buffer-size=4K $number small value
memtable put --write-buffer-size=4K $other key value
head -c 10000 /dev/zero | memtable put $other large
within [ -s watched/000042.records ] && within grep -q 000042 watch
result "flush --watch flushes what asks for it" $?
[ -z "$(memtable scan $other)" ] && memtable stat $other | grep -q "^write_buffer_size${tab}4096\$"
result "flush --watch: the number goes on, empty" $?
prints "flush --watch: the sequence numbers go on" 0 3 \
	memtable put --print-sequence $other another one
memtable seal $other
within [ -s watched/000043.records ] && within gone $other
result "flush --watch flushes what is sealed" $?
kill $watcher
wait $watcher
result "flush --watch ends with a signal" $?
grep -q "^$other${tab}watched/000042.records${tab}2\$" watch &&
	grep -q "^$other${tab}watched/000043.records${tab}1\$" watch && [ "$(wc -l <watch)" = 2 ]
result "flush --watch tells what it did" $?
prints "flush --watch left the others alone" 0 value memtable get $number small
memtable restore $other watched/000042.records &&
	prints "flush --watch: all is in the file" 0 value memtable get $other key

# all_keys FOLDER LEAST: there are files, at least as many as that, and they and the
# table have all keys, each entry once: one that comes twice is not restored.
all_keys()
{
	files=0
	memtable drop $other 2>/dev/null
	memtable dump $number rest
	for file in "$1"/*.records rest; do
		memtable restore $other "$file" || return
		files=$((files + 1))
	done
	echo "# $((files - 1)) files"
	[ $files -gt "$2" ] && memtable scan --keys-only $other | cmp - keys
}

# What writes by number meanwhile follows it from table to table: the second half
# is written after the first has been rotated away.
fresh
mkdir beside
start beside
memtable create --write-buffer-size=16K $number
seq 100001 105000 >keys
sed "s/\$/${tab}some value/" keys >lines
{ head -n 2500 lines; within [ -s beside/000001.records ]; tail -n +2501 lines; } |
	memtable load --batch=10 $number -
result "load beside flush --watch" $?
kill $watcher
wait $watcher
all_keys beside 1
result "load beside flush --watch: all is in the files and the table, once" $?

# A flusher that is killed: what it leaves is flushed by the next, and not twice.
fresh
mkdir killed
memtable create --write-buffer-size=8K $number
rounds=$((${MEMTABLE_TEST_SCALE:-100} * 20 / 100))
kills=0
for round in $(seq $rounds); do
	first=$((100000 + (round - 1) * 250))
	start killed
	seq $((first + 1)) $((first + 250)) | sed "s/\$/${tab}some value/" |
		memtable load --batch=10 $number - || break
	sleep 0.0$((round % 10))
	kill -9 $watcher
	wait $watcher 2>/dev/null
	kills=$((kills + 1))
done
start killed
within sh -c '! memtable list | grep sealed'
kill $watcher
wait $watcher
seq 100001 $((100000 + rounds * 250)) >keys
[ $kills = $rounds ] && [ -z "$(find killed -name '*.tmp')" ] &&
	[ "$(memtable list | grep -c sealed)" = 0 ] && all_keys killed $((rounds / 4))
result "a flusher is killed: all is in the files and the table, once" $?

# A signal that comes while the flusher waits for who reads what it prints: the line
# is not lost. The pipe is full before.
fresh
mkdir told
mkfifo line
exec 5<>line
head -c 65536 /dev/zero >&5
memtable flush --watch=told >&5 2>err 5>&- &
watcher=$!
memtable put $number key value
memtable seal $number
within gone $number
sleep 0.2
kill $watcher
sleep 0.2
head -c 65536 <&5 >/dev/null
wait $watcher
status=$?
echo end >&5
read -r line <&5
exec 5>&-
[ $status = 0 ] && [ "$line" = "$number${tab}told/000001.records${tab}1" ] && ! [ -s err ]
result "flush --watch tells what it did, though it is to end" $?

# Where no table more is allowed, what there is is flushed all the same.
fresh
mkdir bounded
bound=/sys/module/memtable/parameters/user_tables
before=$(cat $bound)
memtable put --write-buffer-size=4K $number key value
memtable list --json | wc -l >$bound
start bounded
head -c 10000 /dev/zero | memtable put $number large
within gone $number && within [ -s bounded/000001.records ]
result "flush --watch where no table more is allowed" $?
echo "$before" >$bound
kill $watcher
wait $watcher
memtable restore $number bounded/000001.records
prints "flush --watch where no table more is allowed: all is in the file" 0 "key
large" memtable scan --keys-only $number

# A full disk ends the flusher; the next one goes on where it was.
fresh
mkdir -p small
if mount -t tmpfs -o size=64k none small; then
	memtable put --write-buffer-size=64K $number key value
	head -c 100000 /dev/zero | memtable put $number large
	complains "flush --watch to a full disk" 3 "small/000001.records: the disk is full" \
		memtable flush --watch=small
	sealed=$(sed -n 's/.*table \([0-9]*\) is as it was$/\1/p' err)
	[ -z "$(ls small)" ]
	result "flush --watch to a full disk leaves nothing" $?
	prints "flush --watch to a full disk: the table is there" 0 value \
		memtable get "$sealed" key
	mount -o remount,size=1m small
	# It is as if the flusher had been killed after it had written the file.
	memtable dump "$sealed" small/000001.records
	inode=$(stat -c %i small/000001.records)
	memtable put $number newer value
	head -c 100000 /dev/zero | memtable put $number large
	start small
	within gone "$sealed" && within [ -s small/000002.records ]
	result "flush --watch goes on where another one was" $?
	kill $watcher
	wait $watcher
	[ "$(stat -c %i small/000001.records)" = "$inode" ] && [ "$(find small -type f | wc -l)" = 2 ]
	result "flush --watch writes no file that is complete" $?
	fresh
	memtable restore $other small/000001.records
	memtable restore $other small/000002.records
	prints "flush --watch: both files are whole" 0 "key
large
newer" memtable scan --keys-only $other
	umount small
fi

echo "1..$count"
exit $failed
