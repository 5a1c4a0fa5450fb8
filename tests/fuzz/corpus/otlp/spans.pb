S
Æ


service.name
Zaaksysteemä∆
[éˇ˜òÅ“i∂3Å?∆Ó·õ~√¡±t*x993É∏ÈJK
dpl.core.processing_activity_id(
&https://register.example/activities/12J'
dpl.core.data_subject_id
	999990019J&
dpl.core.data_subject_id_type
BSNæ
[éˇ˜òÅ“i∂3Å?∆Ó·õ~√¡±t*y993É∏ÈJK
dpl.core.processing_activity_id(
&https://register.example/activities/12J
dpl.core.data_subject_id
7J&
dpl.core.data_subject_id_type
BSN