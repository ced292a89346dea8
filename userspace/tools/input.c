// SPDX-License-Identifier: GPL-2.0
/* Lines of input. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "input.h"

ssize_t input_line(struct input *input)
{
	ssize_t length;

	errno = 0;
	length = getline(&input->line, &input->line_size, input->file);
	/* What came before an error is given as if it were a line, and is a part of one. */
	if (ferror(input->file) || (length < 0 && errno)) {
		input->error = strerror(errno);
		return -1;
	}
	if (length < 0)
		return 0;
	input->line_number++;
	input->bytes += length;
	return length;
}

void input_release(struct input *input)
{
	free(input->line);
	free(input->stanza);
}
