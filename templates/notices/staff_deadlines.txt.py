BBBB BBBB BBBBB BBBBBBBBBBBBBB BBB gettext(u'Deadlines: %(late)s late, %(near)s soon due') SSSSSSSSSS SSSSSSSS SSSSS SSSSSSSS SSSS SSS
 gettext(u'Good morning, %(name)s.') SSSS SSSSSSSS SSSSSSSSS
BB BBBB
 gettext(u'Late:') 
BBB BBBB BB BBBB gettext(u'- %(standard)s: %(n)s, the first since %(due)s') S SSSSSSSSSSSSS SSSSSS SSS SSSSS SSSSS SSSSSSSBB BBBBBBBBBBBBBBBBB gettext(u', with the supervisors now') BBBBB
BBBBBBBBBBBBB BBBB
 gettext(u'Soon due:') 
BBB BBBB BB BBBB gettext(u'- %(standard)s: %(n)s, the first until %(due)s') S SSSSSSSSSSSSS SSSSSS SSS SSSSS SSSSS SSSSSSS
BBBBBBBBBBB
 gettext(u'All of them, and who has taken which:') 
BBB BBBBBBBBBBBB

 gettext(u'This mail comes at most once a day, as long as something is late or soon due.') BBBBBBBBBBBBB
