# SPDX-License-Identifier: GPL-2.0
#
# Fuzzing with libFuzzer, for the Makefiles that build $(out)/fuzz/fuzz. The inputs
# that are worth keeping are in $(corpus); what is found anew stays below $(out)
# until "make corpus".

SECONDS ?= 60

fuzz_CC ?= clang
fuzz_flags := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all \
	      -fno-omit-frame-pointer
fuzz_link := -fsanitize=fuzzer
# Code that the fuzzer is to find its way through.
fuzz_traced := -fsanitize=fuzzer-no-link
fuzz_options := -timeout=60 -rss_limit_mb=2048 -max_len=1024

# The program, unless there is no libFuzzer to link with.
can_fuzz := $(shell printf 'int LLVMFuzzerTestOneInput(void) { return 0; }' | \
	$(fuzz_CC) -x c $(fuzz_flags) $(fuzz_link) -o /dev/null - >/dev/null 2>&1 && echo yes)
fuzzer := $(if $(can_fuzz),$(out)/fuzz/fuzz)

.PHONY: fuzz corpus

fuzz: $(out)/fuzz/fuzz
	mkdir -p $(out)/fuzz/found
	$< $(fuzz_options) -max_total_time=$(SECONDS) -print_final_stats=1 \
		-artifact_prefix=$(out)/fuzz/ $(out)/fuzz/found $(corpus)

# By edges alone: that some are passed more often would ask for ten times as many.
corpus: $(out)/fuzz/fuzz
	$< $(fuzz_options) -merge=1 -use_counters=0 $(corpus) $(out)/fuzz/found
