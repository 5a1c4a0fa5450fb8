L
=;9	*
text2$
dpl.core.data_subject_id
<none>