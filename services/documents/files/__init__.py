"""Files that staff upload: taken apart and rewritten in a confined child process, stored sealed."""
