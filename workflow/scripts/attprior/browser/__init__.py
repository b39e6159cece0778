"""What a genome browser shows: predictions as bigWigs, and a page of loci that works offline."""
